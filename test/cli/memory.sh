#!/usr/bin/env bash
# In a container with little memory and one processor a command gets through within it, or refuses before it begins.
. "$(dirname "$0")/lib.sh"
# limited MIB COMMAND...: in a memory control group of its own, without swap, on one processor
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
  bash -c 'echo $$ >"$0/cgroup.procs"; exec taskset -c "$(taskset -cp $$ | sed "s/.*: //; s/[-,].*//")" "$@"' "$group" "$@"
}

mkdir "$T/data"
head -c 300000000 /dev/urandom >"$T/data/large"
for i in $(seq 3000); do echo "$i" >"$T/data/$i"; done
for i in $(seq 300); do mkdir -p "$T/data/dir$((i % 17))/$i" && ln "$T/data/$i" "$T/data/dir$((i % 17))/$i/link"; done
truncate -s 10G "$T/data/image" && head -c 20000000 /dev/urandom >>"$T/data/image"
for i in $(seq 20); do seq "$((i * 10000))" "$((i * 10000 + 60000))" >"$T/data/text$i"; done
expect 0 "$STASH" init -r "$R"
for mib in 64 96 128; do
  expect 0 limited $mib "$STASH" backup -r "$R" "$T/data" --host "h$mib" --force
  expect 0 limited $mib "$STASH" restore -r "$R" latest --target "$T/to" --verify
  expect 0 limited $mib "$STASH" check -r "$R" --read-data
  expect 0 limited $mib "$STASH" prune -r "$R" --max-unused 0 --grace 0s --young 0s
  expect 0 limited $mib "$STASH" forget -r "$R" --keep-last 1 --prune
  rm -rf "$T/to"
done
expect 1 limited 48 "$STASH" backup -r "$R" "$T/data"
says "this container may use 48.000 MiB: at least 56MiB are needed"
expect 0 limited 64 "$STASH" snapshots -r "$R"
says "3 snapshots"
expect 0 limited 64 "$STASH" forget -r "$R" latest --prune
expect 0 limited 64 "$STASH" snapshots -r "$R"
says "2 snapshots"
