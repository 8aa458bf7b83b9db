#!/usr/bin/env bash
# compile_budget.sh COMPILER INCLUDE EIGEN_INCLUDE SOURCE RATIO
# A program that trains a network of 350 layers may take RATIO times the compiler's own time for Eigen/Dense alone. Both are
# CPU seconds of this run, the smaller of two: a ratio, since seconds differ from machine to machine.
set -euo pipefail
compiler=$1 include=$2 eigen=$3 source=$4 limit=$5
TIMEFORMAT=%U
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
echo '#include <Eigen/Dense>' >"$folder/eigen.cpp"
cpu_seconds() {  # of the quicker of two compilations
  for _ in 1 2; do
    { time "$compiler" -std=c++20 -O2 -I "$include" -isystem "$eigen" -c "$1" -o "$folder/out.o"; } 2>&1 | tail -n 1
  done | sort -n | head -n 1
}
ours=$(cpu_seconds "$source")
eigens=$(cpu_seconds "$folder/eigen.cpp")
awk -v ours="$ours" -v eigens="$eigens" -v limit="$limit" 'BEGIN {
  ratio = ours / eigens
  printf "training a Stack of depth 350: %.2f s; Eigen/Dense alone: %.2f s; ratio %.1f, expected <= %.1f\n", ours, eigens, ratio, limit
  exit !(ratio <= limit)
}'
