#!/usr/bin/env bash
# usage: reproduce.sh ROOT
# What examples/reproduce says before and while it builds, with stand-ins for all that takes long: on what is read-only or
# too small, how far it is, and within 80 columns.
set -euo pipefail
root=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0
fail() {
  echo "FAILED: $*"
  failed=1
}
# expect STATUS PATTERN COMMAND...: how it ends and what it says, in lines of at most 80 columns, but for paths, which are
# as long as they are.
expect() {
  local status=0 said
  said=$("${@:3}" 2>&1) || status=$?
  [ $status -eq "$1" ] || fail "${*:3}: exit status $status, expected $1: $said"
  grep -qE -- "$2" <<<"$said" || fail "${*:3}: no line with '$2': $said"
  ! grep -vF "$work" <<<"$said" | grep -qE '.{81}' || fail "${*:3}: wider than 80 columns: $said"
}

expect 0 '^usage: examples/reproduce' "$root/examples/reproduce" --help
expect 0 '^theorem_1 ' "$root/examples/reproduce" --list
expect 0 '^usage: cmake/build' "$root/cmake/build" --help
expect 0 '^usage: cmake/install_dependencies' "$root/cmake/install_dependencies" --help
expect 0 '^usage: tests/run' "$root/tests/run" --help

# A copy with three programs, a build that only says what ninja says, and no packages to install.
copy=$work/copy
mkdir -p "$copy/cmake" "$copy/examples/paper" "$copy/examples/support" "$work/bin"
cp "$root/examples/reproduce" "$root/examples/analyze" "$copy/examples"
cp "$root/examples/support/build.sh" "$copy/examples/support"
cp "$root/cmake/progress.sh" "$root/cmake/install_dependencies" "$copy/cmake"
for name in alpha beta gamma; do
  echo "return run_program(\"$name\", \"Title of $name\", argc, argv, body);" >"$copy/examples/paper/$name.cpp"
done
cat >"$copy/cmake/build" <<'END'
#!/usr/bin/env bash
folder=$(dirname "$0")/../build/reproduce/examples
echo "$*" >"$(dirname "$0")/../called"
mkdir -p "$folder"
for name in report alpha beta gamma; do
  printf '#!/bin/sh\necho %s did it\n' "$name" >"$folder/$name"
  chmod +x "$folder/$name"
done
for k in 1 2 3 4; do echo "[$k/4] Building CXX object $k.o"; done
END
chmod +x "$copy/cmake/build"

reproduce=("$copy/examples/reproduce" --no-install)
expect 2 "^examples/reproduce: --jobs: expected a whole number from 1, found '0'" "${reproduce[@]}" --jobs 0
expect 2 "found '1.5'" "${reproduce[@]}" --jobs=1.5
touch "$work/file"
expect 1 '--out: .*/file is no folder$' "${reproduce[@]}" --out "$work/file"
expect 1 '--out: the folder .*/file/out cannot be made$' "${reproduce[@]}" --out "$work/file/out"
expect 1 '--out: nothing can be written into /proc$' "${reproduce[@]}" --out /proc  # for root, too
printf '#!/bin/sh\necho header\necho disk 1000000 900000 11000 99%% /\n' >"$work/bin/df"
chmod +x "$work/bin/df"
expect 1 '--out: .* has 10 MB free, expected 50 MB$' env PATH="$work/bin:$PATH" "${reproduce[@]}" --out "$work/o"
sed -i 's/11000/102400/' "$work/bin/df"
expect 1 'to build: .*/build has 100 MB free, expected 1000 MB$' env PATH="$work/bin:$PATH" "${reproduce[@]}" --out "$work/o"
rm "$work/bin/df"
[ ! -e "$copy/called" ] || fail "it was built before all that was said"

expect 0 '^Building  (25%|since)' "${reproduce[@]}" --jobs 3 --out "$work/o"
grep -q -- '--jobs 3 report alpha beta gamma' "$copy/called" || fail "--jobs does not reach the build: $(cat "$copy/called")"
expect 0 '^\[3/3\] gamma, about [0-9]+ s left$' "${reproduce[@]}" --out "$work/o"
expect 0 '^  beta +none outside its band' "${reproduce[@]}" --out "$work/o"
! grep -q -- --jobs "$copy/called" || fail "without --jobs the build decides"

# How far it is.
source "$root/cmake/progress.sh"
is() { [ "$1" = "$2" ] || fail "'$1', expected '$2'"; }
says() { [[ $2 =~ ^$1$ ]] || fail "'$2', expected '$1'"; }
is "$(duration_of 59) $(duration_of 65) $(duration_of 7800)" "59 s 1 min 05 s 2 h 10 min"
is "$(progress_line Building 1 4 10 x)" "Building  25%  about 30 s left  x"
is "$(progress_line Building 0 4 10 x)" "Building  since 10 s  x"
says "W  25%  about [0-9]+ s left  Retrieving" "$(printf 'dlstatus:1:50:Retrieving\n' | show_progress W 2>&1)"
says "W  75%  about [0-9]+ s left  Unpacking g\+\+" "$(printf 'pmstatus:g++:50.5:Unpacking g++\n' | show_progress W 2>&1)"
says "W  75%  about [0-9]+ s left  Linking" "$(printf '[ 75%%] Linking\n' | show_progress W 2>&1)"

# Packages: what apt-get says is shown where it fails.
for name in sudo dpkg-query; do printf '#!/bin/sh\nexit 0\n' >"$work/bin/$name"; done
cat >"$work/bin/apt-get" <<'END'
#!/bin/sh
echo 'pmstatus:g++:10:Unpacking g++'
echo 'E: Unable to locate package nothing'
case "$*" in *update*) exit 0 ;; esac
exit ${APT_STATUS:-0}
END
printf '#!/bin/sh\necho 0\n' >"$work/bin/id"
chmod +x "$work"/bin/*
expect 0 '^Installed in ' env PATH="$work/bin:$PATH" "$root/cmake/install_dependencies" docs
expect 1 '^E: Unable to locate' env APT_STATUS=100 PATH="$work/bin:$PATH" "$root/cmake/install_dependencies" docs
! env APT_STATUS=100 PATH="$work/bin:$PATH" "$root/cmake/install_dependencies" docs 2>&1 | grep -q '^pmstatus' ||
  fail "status lines are shown as messages"

[ $failed -eq 0 ] && echo "all passed"
exit $failed
