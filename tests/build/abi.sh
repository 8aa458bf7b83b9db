#!/usr/bin/env bash
# abi.sh COMPILER INCLUDE EIGEN_INCLUDE
# Two files that were compiled with different alignments (by Eigen's macro, or by machine flags) do not link; with the same
# ones they do, and run.
set -euo pipefail
compiler=$1 include=$2 eigen=$3
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cat >"$folder/at.cpp" <<'end'
#include "basin/core/model.hpp"
#include "basin/layers/affine.hpp"
double at(const basin::Model<basin::Affine<double>>& f, double x) { return f(basin::Mat<double>{{x}})(0, 0); }
end
cat >"$folder/main.cpp" <<'end'
#include "basin/core/model.hpp"
#include "basin/layers/affine.hpp"
double at(const basin::Model<basin::Affine<double>>& f, double x);
int main() {
  const basin::Model twice(basin::Affine<double>(basin::Mat<double>{{2}}), basin::Vec<double>());
  return at(twice, 3) == 6 ? 0 : 1;
}
end
compile() {  # compile SOURCE OBJECT FLAG...
  "$compiler" -std=c++20 -O0 -I "$include" -isystem "$eigen" "${@:3}" -c "$folder/$1" -o "$folder/$2"
}
status=0
compile main.cpp main.o
compile at.cpp same.o
if ! "$compiler" "$folder/main.o" "$folder/same.o" -o "$folder/same" || ! "$folder/same"; then
  echo "files with the same flags do not make a program" && status=1
fi
different() {  # different FLAG...
  compile at.cpp other.o "$@"
  if "$compiler" "$folder/main.o" "$folder/other.o" -o "$folder/other" 2>/dev/null; then
    echo "a file with $* links with one without" && status=1
  fi
}
different -DEIGEN_MAX_ALIGN_BYTES=128
different -DEIGEN_MAX_STATIC_ALIGN_BYTES=0
[ "$(uname -m)" != x86_64 ] || different -mavx512f -mfma
exit $status
