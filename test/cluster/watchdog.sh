#!/usr/bin/env bash
# Ends a cluster when its owner has gone, and removes the cgroups once its init has ended.
#   watchdog.sh OUTER-PID INIT-PID ID [OWNER-PID]
outer=$1 init=$2 id=$3 owner=${4:-}
while kill -0 "$init" 2>/dev/null; do
  if [ -n "$owner" ] && ! kill -0 "$owner" 2>/dev/null; then kill -9 "$init" "$outer" 2>/dev/null; fi
  sleep 0.5
done
ip link del "stash$id" 2>/dev/null
for _ in $(seq 20); do
  left=0
  for root in /sys/fs/cgroup/*/"stash-test-$id" "/sys/fs/cgroup/stash-test-$id"; do
    [ -d "$root" ] || continue
    find "$root" -depth -type d -exec rmdir {} \; 2>/dev/null
    [ -d "$root" ] && left=1
  done
  [ "$left" = 0 ] && break
  sleep 0.2
done
