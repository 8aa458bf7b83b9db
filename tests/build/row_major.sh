#!/usr/bin/env bash
# row_major.sh COMPILER INCLUDE EIGEN_INCLUDE SOURCE
# With EIGEN_DEFAULT_TO_ROW_MAJOR the results are the same, and what Spectra cannot do then does not compile.
set -euo pipefail
compiler=$1 include=$2 eigen=$3 source=$4
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
flags=(-std=c++20 -O1 -DEIGEN_DEFAULT_TO_ROW_MAJOR -I "$include" -isystem "$eigen")
"$compiler" "${flags[@]}" "$source" -o "$folder/row_major"
"$folder/row_major"
cat >"$folder/leading.cpp" <<'end'
#if __has_include(<Spectra/GenEigsSolver.h>)
#include "basin/dynamics/leading.hpp"
int main() { return basin::leading_eigenvalues(basin::Mat<double>::Identity(150, 150), 1).converged; }
#else
#error "EIGEN_DEFAULT_TO_ROW_MAJOR: no Spectra here, nothing to test"
#endif
end
if said=$(LC_ALL=C "$compiler" "${flags[@]}" -fsyntax-only "$folder/leading.cpp" 2>&1); then
  echo "leading_eigenvalues compiles with EIGEN_DEFAULT_TO_ROW_MAJOR" && exit 1
fi
grep 'error: .*EIGEN_DEFAULT_TO_ROW_MAJOR' <<<"$said"
