# Sourced by examples/reproduce and examples/analyze.

# The lines of standard input on one line of the terminal that rewrites itself, or not at all elsewhere.
show_last_line() {
  local line columns
  if [ ! -t 1 ]; then cat >/dev/null && return; fi
  columns=$(tput cols 2>/dev/null || echo 80)
  while IFS= read -r line; do printf '\r\033[K%s' "${line:0:columns-1}"; done
  printf '\r\033[K'
}

# build_programs CALLER ROOT TARGET...: builds in ROOT/build/reproduce, shows the first error if it fails.
build_programs() {
  local caller=$1 root=$2 log=$2/build/reproduce.log start=$SECONDS
  shift 2
  mkdir -p "$root/build"
  echo "Building (messages in $log)" >&2
  if ! "$root/cmake/build" --preset reproduce "$@" 2>&1 | tee "$log" | show_last_line >&2; then
    # The first error and what surrounds it, not the hundreds of lines that may follow.
    { grep -nE -m 1 -A 20 'rror:|CMake Error|FAILED' "$log" || tail -n 20 "$log"; } >&2
    echo "$caller: the build failed; all messages are in $log" >&2
    exit 1
  fi
  echo "Built in $((SECONDS - start)) s" >&2
}
