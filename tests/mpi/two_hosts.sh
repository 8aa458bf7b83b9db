#!/usr/bin/env bash
# Two hosts made of network namespaces with a cable between them, and one run of MPI over both:
#   two_hosts.sh MPIRUN RANKS_PROGRAM FOLDER
# Leaves with 77 and a word where namespaces are not allowed or Open MPI is not what is there.
set -euo pipefail

mpirun=$1 program=$2 folder=$3
a=basin-a-$$ b=basin-b-$$
skip() {
  echo "skipped: $1"
  exit 77
}
[[ $("$mpirun" --version 2>&1) =~ Open\ MPI|OpenRTE ]] ||
  skip "two hosts are made with Open MPI's launcher, which is not there"
command -v ip >/dev/null && command -v unshare >/dev/null || skip "ip and unshare (iproute2, util-linux) are not there"
scratch=$(mktemp -d)
finish() {
  ip netns del "$a" 2>/dev/null || true
  ip netns del "$b" 2>/dev/null || true
  rm -rf "$scratch"
}
trap finish EXIT
{ ip netns add "$a" && ip netns add "$b" && unshare --uts true; } 2>"$scratch/why" ||
  skip "network namespaces are not allowed here: $(tr '\n' ' ' <"$scratch/why")"
{ ip link add "ba$$" netns "$a" type veth peer name "bb$$" netns "$b" &&
  ip -n "$a" addr add 10.213.77.1/24 dev "ba$$" && ip -n "$b" addr add 10.213.77.2/24 dev "bb$$"; } 2>"$scratch/why" ||
  skip "no cable between network namespaces: $(tr '\n' ' ' <"$scratch/why")"
for host in "$a" "$b"; do
  ip -n "$host" link set lo up
done
ip -n "$a" link set "ba$$" up
ip -n "$b" link set "bb$$" up

# What ssh is between real hosts: agent HOST COMMAND...
cat >"$scratch/agent" <<END
#!/usr/bin/env bash
[ "\$1" = 10.213.77.2 ] || { echo "agent: no host \$1" >&2; exit 1; }
shift
exec ip netns exec $b unshare --uts bash -c "hostname $b; \$*"
END
chmod +x "$scratch/agent"

on_both() {
  timeout 300 ip netns exec "$a" unshare --uts bash -c 'hostname "$0"; exec "$@"' "$a" \
    "$mpirun" --host 10.213.77.1:2,10.213.77.2:3 --mca plm_rsh_agent "$scratch/agent" \
    --mca oob_tcp_if_include 10.213.77.0/24 --mca btl_tcp_if_include 10.213.77.0/24 "$@"
}
hosts=$(on_both hostname | sort | uniq -c | tr -s ' \n' ' ')
[ "$hosts" = " 2 $a 3 $b " ] || { echo "ranks are on:$hosts"; exit 1; }
on_both "$program" checks "$folder/checks"
rm -rf "$folder/over_two" "$folder/on_one"
mkdir -p "$folder/over_two" "$folder/on_one"
on_both "$program" work "$folder/over_two"
"$mpirun" -np 1 "$program" work "$folder/on_one"
cmp "$folder/over_two/results" "$folder/on_one/results"
echo "5 ranks over two hosts give the bytes of one"
