#!/usr/bin/env bash
# A program like those of the paper gives the same claims and files in one process and on 2 and 5 ranks, prints once, keeps
# its tasks in a full run, and ends on all ranks after an error.
#   program.sh MPIRUN PROGRAM FOLDER
set -euo pipefail

mpirun=$1 program=$2 folder=$3
fail() {
  echo "$1"
  exit 1
}
# The JSON but for when, how long and on how many threads, and the notes, which say where tasks are kept.
findings() { sed -E '/"(seconds|date|threads|command)":/d; /"notes":/,$d' "$1/program.json"; }
rm -rf "$folder"
mkdir -p "$folder"
"$program" --out "$folder/one" >"$folder/one.txt"
for ranks in 1 2 5; do
  timeout 120 "$mpirun" -np $ranks "$program" --out "$folder/$ranks" >"$folder/$ranks.txt"
  cmp <(findings "$folder/one") <(findings "$folder/$ranks")
  cmp "$folder/one/program.csv" "$folder/$ranks/program.csv"
  [ "$(grep -c "A program over ranks" "$folder/$ranks.txt")" -eq 1 ] || fail "$ranks ranks print their title more than once"
done

timeout 120 "$mpirun" -np 2 "$program" --full --out "$folder/full" >/dev/null
[ "$(find "$folder/full/checkpoints/tasks" -name '*.task' | wc -l)" -eq 18 ] || fail "a full run does not keep its 18 tasks"
timeout 120 "$mpirun" -np 5 "$program" --full --out "$folder/full" >/dev/null
[ "$(find "$folder/full/checkpoints/tasks" -name '*.task' | wc -l)" -eq 18 ] || fail "a second run does not find the tasks"

TRIAL=alone timeout 120 "$mpirun" -np 5 "$program" --out "$folder/alone" >"$folder/alone.txt" 2>"$folder/alone.err"
cmp <(findings "$folder/one") <(findings "$folder/alone")
grep -q "Started on 5 ranks: the first one does all the work" "$folder/alone.err" || fail "nothing says that one rank works alone"
[ "$(grep -c "A program over ranks" "$folder/alone.txt")" -eq 1 ] || fail "a program that shares nothing ran more than once"

for what in fails stray; do
  status=0
  TRIAL=$what timeout 60 "$mpirun" -np 5 "$program" --out "$folder/$what" >"$folder/$what.txt" 2>"$folder/$what.err" || status=$?
  [ $status -eq 1 ] || fail "status $status when a program $what"
done
grep -q "task 'first, seed 3': no convergence" "$folder/fails/program.json" || fail "the task that failed is not named"
grep -q "a file that cannot be written" "$folder/stray/program.json" || fail "the error of one rank is not told"
echo "one process, 1, 2 and 5 ranks agree"
