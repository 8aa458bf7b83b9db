#!/usr/bin/env bash
# empty_batch.sh COMPILER INCLUDE EIGEN_INCLUDE SOURCE
# A batch of 0 columns is no undefined behaviour anywhere, such as a reference to what is behind a null pointer.
set -euo pipefail
compiler=$1 include=$2 eigen=$3 source=$4
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
flags=(-std=c++20 -O1 -fsanitize=undefined,address -fno-sanitize-recover=all)
if ! echo 'int main() {}' | "$compiler" "${flags[@]}" -x c++ - -o "$folder/nothing"; then
  echo "this compiler has no sanitizers" && exit 77
fi
"$compiler" "${flags[@]}" -I "$include" -isystem "$eigen" "$source" -o "$folder/empty_batch"
"$folder/empty_batch"
