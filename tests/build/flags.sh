#!/usr/bin/env bash
# flags.sh COMPILER INCLUDE EIGEN_INCLUDE
# What would change results without a word does not compile, whichever header comes first, and the compiler says what to
# write instead.
set -euo pipefail
compiler=$1 include=$2 eigen=$3
compile() {  # compile HEADER FLAG...
  echo "#include \"basin/$1\"" |
    LC_ALL=C "$compiler" -std=c++20 -fsyntax-only -I "$include" -isystem "$eigen" "${@:2}" -x c++ - 2>&1
}
status=0
refused() {  # refused MESSAGE FLAG...
  for header in core/error.hpp core/types.hpp; do
    if said=$(compile $header "${@:2}"); then
      echo "$header compiles with ${*:2}" && status=1
    elif ! grep -q "error: .*basin: $1" <<<"$said"; then
      echo "$header with ${*:2}: the message is not '$1' but" && head -n 5 <<<"$said" && status=1
    fi
  done
}
accepted() {
  if ! said=$(compile core/types.hpp "$@"); then
    echo "core/types.hpp does not compile with $*:" && head -n 5 <<<"$said" && status=1
  fi
}
refused '-ffast-math and -Ofast .*write -O3 instead' -ffast-math
refused '-ffast-math and -Ofast .*write -O3 instead' -Ofast
refused '-ffast-math and -Ofast' -O2 -ffinite-math-only
accepted -O3
accepted -O3 -fno-math-errno -fno-trapping-math
# clang++ does not say that it may reorder sums
"$compiler" --version | grep -q clang || refused '-ffast-math and -Ofast' -Ofast -fno-finite-math-only
refused 'wrong arguments and files are reported by exceptions' -fno-exceptions
refused 'Eigen::Index must be signed and have 64 bits.*EIGEN_DEFAULT_DENSE_INDEX_TYPE' \
  -DEIGEN_DEFAULT_DENSE_INDEX_TYPE=int
accepted '-DEIGEN_DEFAULT_DENSE_INDEX_TYPE=long long'
exit $status
