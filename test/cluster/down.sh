#!/usr/bin/env bash
# Ends the cluster of a folder and removes the folder.   down.sh DIR
set -euo pipefail
[ -d "$1" ] || exit 0
RUN=$(cd "$1" && pwd)
if [ -f "$RUN/pid" ]; then
  pid=$(cat "$RUN/pid")
  id=$(cat "$RUN/id" 2>/dev/null || true)
  kill -9 "$pid" 2>/dev/null || true
  for _ in $(seq 100); do kill -0 "$pid" 2>/dev/null || [ -d "/sys/class/net/stash$id" ] || break; sleep 0.1; done
fi
for _ in $(seq 20); do rm -rf "$RUN" 2>/dev/null && break; sleep 0.2; done
