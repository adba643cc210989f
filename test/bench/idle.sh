#!/usr/bin/env bash
# What the program costs while it waits, against its limits: resident memory of operator and sidecar one minute after a
# backup, the time from start to --version, the sizes of binary and image.
#
#   test/bench/idle.sh BINARY      on a cluster of its own, or the one that STASH_E2E_CLUSTER names
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
binary=$(readlink -f "${1:?which binary}")
if [ -z "${STASH_E2E_CLUSTER:-}" ]; then
  export STASH_E2E_CLUSTER
  STASH_E2E_CLUSTER=$(mktemp -u -t stash-idle-XXXXXX)
  trap '"$here/../cluster/down.sh" "$STASH_E2E_CLUSTER"' EXIT
  (exec "$here/../e2e/start.sh" "$STASH_E2E_CLUSTER" "$binary" >/dev/null)
  bash "$0" "$binary"
  exit
fi
. "$here/../e2e/lib.sh"
begin idle

row() { printf '%-44s %12s %12s %8s\n' "$@"; }
figure() { row "$1" "$2 $4" "$3 $4" "$(awk -v a="$2" -v b="$3" 'BEGIN {printf "%.2f", a / b}')"; } # WHAT VALUE LIMIT UNIT
mib() { awk '{printf "%.1f", $1 / 1024}'; }
memory() { in_node sh -c 'for p in $(pgrep -f "$1"); do grep -h "^$2:" "/proc/$p/status"; done' - "$1" "$2" | awk '{print $2}' | sort -n | tail -1 | mib; }

secret backend
s3_repository store
deployment web 1
fill "$(first_pod web)" 20000000
backup web Deployment/web store
ready web Deployment/web
session one web
ended backupsession/one Succeeded
sleep 60

stripped=$(mktemp)
strip -o "$stripped" "$binary"
start_time() {
  for _ in $(seq 21); do
    local begun
    begun=$(date +%s%N)
    "$stripped" --version >/dev/null
    echo $((($(date +%s%N) - begun) / 10000))
  done | sort -n | sed -n 11p | awk '{printf "%.2f", $1 / 100}'
}
row "" measured limit ratio
figure "operator, resident, idle" "$(memory '^/bin/stash operator ' VmRSS)" 15 MiB
figure "sidecar, resident, idle" "$(memory "run-backup --invoker-name=web .*--target-namespace=$ns" VmRSS)" 8 MiB
figure "sidecar, highest, with a backup of 70 MB" "$(memory "run-backup --invoker-name=web .*--target-namespace=$ns" VmHWM)" 96 MiB
figure "start to --version, median of 21" "$(start_time)" 20 ms
figure "binary, stripped" "$(stat -c %s "$stripped" | awk '{printf "%.2f", $1 / 1e6}')" 9 MB
stash_image "$binary" "$stripped.tar"
figure "image, compressed" "$(gzip -c "$stripped.tar" | wc -c | awk '{printf "%.2f", $1 / 1e6}')" 6 MB
rm -f "$stripped" "$stripped.tar"
