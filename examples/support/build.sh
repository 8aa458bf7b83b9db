# Sourced by examples/reproduce and examples/analyze.
source "$(dirname "${BASH_SOURCE[0]}")/../../cmake/progress.sh"

# megabytes_free DIR: what is free on the disk of DIR, or of the nearest folder above it that exists; nothing if that is
# not known.
megabytes_free() {
  local folder=$1
  while [ ! -d "$folder" ]; do folder=$(dirname "$folder"); done
  df -Pk -- "$folder" 2>/dev/null | awk 'NR == 2 && $4 ~ /^[0-9]+$/ { print int($4 / 1024) }'
}

# require_room CALLER DIR MEGABYTES WHAT: ends with an error where DIR cannot be made or written to, or its disk has less
# room.
require_room() {
  local caller=$1 folder=$2 needed=$3 what=$4 free probe
  if [ -e "$folder" ] && [ ! -d "$folder" ]; then
    echo "$caller: $what: $folder is no folder" >&2
    exit 1
  fi
  if ! mkdir -p -- "$folder" 2>/dev/null; then
    echo "$caller: $what: the folder $folder cannot be made" >&2
    exit 1
  fi
  # Only writing shows what a read-only disk, a quota or another owner allows.
  probe=$folder/.writable.$$
  if ! (echo >"$probe") 2>/dev/null; then
    rm -f -- "$probe" 2>/dev/null || true
    echo "$caller: $what: nothing can be written into $folder" >&2
    exit 1
  fi
  rm -f -- "$probe"
  free=$(megabytes_free "$folder")
  if [ -n "$free" ] && [ "$free" -lt "$needed" ]; then
    echo "$caller: $what: $folder has $free MB free, expected $needed MB" >&2
    exit 1
  fi
}

# require_jobs CALLER VALUE: ends with an error where VALUE is no number of jobs.
require_jobs() {
  if [[ ! $2 =~ ^[1-9][0-9]{0,3}$ ]]; then
    echo "$1: --jobs: expected a whole number from 1, found '$2'" >&2
    exit 2
  fi
}

# build_programs CALLER ROOT JOBS TARGET...: builds in ROOT/build/reproduce, JOBS files at a time (0: one for each core),
# and shows the first error if it fails.
build_programs() {
  local caller=$1 root=$2 jobs=$3 log=$2/build/reproduce.log start=$SECONDS
  shift 3
  local how=()
  [ "$jobs" = 0 ] || how=(--jobs "$jobs")
  mkdir -p "$root/build"
  echo "Building (messages in $log)" >&2
  if ! "$root/cmake/build" --preset reproduce ${how[@]+"${how[@]}"} "$@" 2>&1 | tee "$log" | show_progress Building; then
    # The first error and what surrounds it, not the hundreds of lines that may follow.
    { grep -nE -m 1 -A 20 'rror:|CMake Error|FAILED' "$log" || tail -n 20 "$log"; } >&2
    echo "$caller: the build failed; all messages are in $log" >&2
    exit 1
  fi
  echo "Built in $(duration_of $((SECONDS - start)))" >&2
}
