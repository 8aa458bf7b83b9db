# Sourced by scripts whose work takes a while.

# duration_of SECONDS: "45 s", "3 min 05 s", "2 h 10 min".
duration_of() {
  if [ "$1" -lt 60 ]; then
    echo "$1 s"
  elif [ "$1" -lt 3600 ]; then
    printf '%d min %02d s\n' $(($1 / 60)) $(($1 % 60))
  else
    printf '%d h %02d min\n' $(($1 / 3600)) $(($1 / 60 % 60))
  fi
}

# progress_line WHAT DONE ALL SECONDS DETAIL: "Building  40%  about 1 min 10 s left  [12/30] ...". What is left is taken
# from what is done, as if each part took the same; until something is done it says how long it has been.
progress_line() {
  local what=$1 done=$2 all=$3 seconds=$4 detail=$5
  if [ "$done" -gt 0 ] && [ "$all" -ge "$done" ]; then
    printf '%s  %d%%  about %s left  %s' "$what" $((100 * done / all)) \
      "$(duration_of $((seconds * (all - done) / done)))" "$detail"
  else
    printf '%s  since %s  %s' "$what" "$(duration_of "$seconds")" "$detail"
  fi
}

# show_progress WHAT: reads the messages of ninja, make or apt-get (APT::Status-Fd=1) and says on standard error how far
# they are: on a terminal in one line that is renewed each second, elsewhere in a line every 15 seconds. Where a program
# prints parts done of all ([12/30], [ 40%], pmstatus:PACKAGE:40:...), it says what is left.
show_progress() {
  local what=$1 start=$SECONDS line="" part done=0 all=0 detail="" columns terminal=no last=-15 status
  if [ -t 2 ]; then terminal=yes; fi
  columns=$(tput cols 2>/dev/null || echo 80)
  while true; do
    status=0
    IFS= read -r -t 1 part || status=$?
    line+=$part
    if [ $status -gt 0 ] && [ $status -le 128 ]; then break; fi  # above 128: nothing new within a second
    if [ $status -eq 0 ]; then
      if [[ $line =~ ^\[([0-9]+)/([0-9]+)\]\ (.*) ]]; then
        done=${BASH_REMATCH[1]} all=${BASH_REMATCH[2]} detail="[$done/$all] ${BASH_REMATCH[3]}"
      elif [[ $line =~ ^\[\ *([0-9]+)%\]\ (.*) ]]; then
        done=${BASH_REMATCH[1]} all=100 detail=${BASH_REMATCH[2]}
      elif [[ $line =~ ^dlstatus:[^:]*:([0-9]+)[.0-9]*:(.*) ]]; then  # downloads are the first half
        done=$((BASH_REMATCH[1] / 2)) all=100 detail=${BASH_REMATCH[2]}
      elif [[ $line =~ ^pmstatus:[^:]*:([0-9]+)[.0-9]*:(.*) ]]; then
        done=$((50 + BASH_REMATCH[1] / 2)) all=100 detail=${BASH_REMATCH[2]}
      elif [ "$all" -eq 0 ] && [ -n "$line" ]; then
        detail=$line
      fi
      line=""
    fi
    part=$(progress_line "$what" "$done" "$all" $((SECONDS - start)) "$detail")
    if [ $terminal = yes ]; then
      printf '\r\033[K%s' "${part:0:columns-1}" >&2
    elif [ $((SECONDS - last)) -ge 15 ]; then
      printf '%s\n' "${part:0:79}" >&2
      last=$SECONDS
    fi
  done
  if [ $terminal = yes ]; then printf '\r\033[K' >&2; fi
}
