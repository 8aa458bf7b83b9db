#!/usr/bin/env bash
# not_affine.sh COMPILER INCLUDE EIGEN_INCLUDE SOURCE
# What needs an affine (or piecewise linear) network accepts one, and of any other the compiler says in one error which layer
# is wrong and what to use instead.
set -euo pipefail
compiler=$1 include=$2 eigen=$3 source=$4
compile() { LC_ALL=C "$compiler" -std=c++20 -fsyntax-only -I "$include" -isystem "$eigen" "$@" "$source" 2>&1; }
status=0
for use in 1 2 3 4 5 6; do
  if ! compile -DBASIN_USE=$use >/dev/null; then
    echo "use $use: an affine network does not compile" && status=1
  fi
  if said=$(compile -DBASIN_USE=$use -DBASIN_NONLINEAR); then
    echo "use $use: a network with Tanh compiles" && status=1 && continue
  fi
  errors=$(grep -c 'error:' <<<"$said")
  message=$(grep 'error:' <<<"$said" | head -n 1)
  echo "use $use: $errors error: $message"
  [ "$errors" = 1 ] || status=1
  grep -q 'the network has a layer that is n.*linearize_at(model, x)' <<<"$message" || status=1
  grep -q 'Pointwise<double, \(basin::\(v[0-9a-z_]*::\)\?\)\?Tanh>' <<<"$said" || status=1  # the layer by its name
done
exit $status
