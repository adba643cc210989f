#!/usr/bin/env bash
# In a container with little memory a command gets through within it, or refuses before it begins.
. "$(dirname "$0")/lib.sh"
# limited MIB COMMAND...: in a memory control group of its own, without swap
groups=/sys/fs/cgroup
file=memory.max
[ -d "$groups/memory" ] && groups=$groups/memory file=memory.limit_in_bytes
group=$groups/stash-test-$$
mkdir "$group" 2>/dev/null || { echo "no control groups can be made here"; exit 77; }
[ -e "$group/$file" ] || { rmdir "$group"; echo "there is no memory controller here"; exit 77; }
trap 'rmdir "$group"; chmod -R u+rwX "$T"; rm -rf "$T"' EXIT
limited() {
  echo $(($1 * 1024 * 1024)) >"$group/$file"
  shift
  bash -c 'echo $$ >"$0/cgroup.procs"; exec "$@"' "$group" "$@"
}

mkdir "$T/data"
head -c 300000000 /dev/urandom >"$T/data/large"
for i in $(seq 3000); do echo "$i" >"$T/data/$i"; done
expect 0 "$STASH" init -r "$R"
for mib in 64 96 128; do
  expect 0 limited $mib "$STASH" backup -r "$R" "$T/data" --host "h$mib" --force
  expect 0 limited $mib "$STASH" restore -r "$R" latest --target "$T/to" --verify
  expect 0 limited $mib "$STASH" check -r "$R" --read-data
  expect 0 limited $mib "$STASH" prune -r "$R" --max-unused 0 --grace 0s --young 0s
  rm -rf "$T/to"
done
expect 1 limited 48 "$STASH" backup -r "$R" "$T/data"
says "this container may use 48.000 MiB: at least 56MiB are needed"
expect 0 limited 64 "$STASH" snapshots -r "$R"
says "3 snapshots"
