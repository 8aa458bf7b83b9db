#!/usr/bin/env bash
# One of several ranks is killed in its third task: the run ends soon and says so, and a second one goes on from what
# was kept and gives the bytes of one process.
#   killed.sh MPIRUN RANKS_PROGRAM RANKS FOLDER
set -euo pipefail

mpirun=$1 program=$2 ranks=$3 folder=$4
rm -rf "$folder"
mkdir -p "$folder/killed" "$folder/whole"
status=0
timeout 180 "$mpirun" -np "$ranks" "$program" die "$folder/killed" || status=$?
[ $status -ne 0 ] && [ $status -ne 124 ] || { echo "status $status after a rank was killed"; exit 1; }
[ ! -e "$folder/killed/results" ]
kept=$(find "$folder/killed/kept" -name '*.task' | wc -l)
[ "$kept" -ge 1 ] && [ "$kept" -lt 40 ] || { echo "$kept tasks are kept"; exit 1; }
before=$(cd "$folder/killed/kept" && find . -name '*.task' -printf '%p %T@\n' | sort)

timeout 180 "$mpirun" -np "$ranks" "$program" work "$folder/killed"
after=$(cd "$folder/killed/kept" && find . -name '*.task' -printf '%p %T@\n' | sort)
[ -z "$(comm -23 <(echo "$before") <(echo "$after"))" ] || { echo "kept tasks were written again"; exit 1; }
[ "$(echo "$after" | wc -l)" -eq 40 ]

timeout 180 "$mpirun" -np 1 "$program" work "$folder/whole"
cmp "$folder/killed/results" "$folder/whole/results"
echo "status $status when a rank was killed; the second run took $kept of 40 tasks from the first"
