#!/usr/bin/env bash
# Ends the cluster of a folder and removes the folder; returns when nothing of it is left.
#
#   down.sh [DIR]     default ~/.cache/stash/cluster
set -euo pipefail
folder=${1:-${STASH_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/stash}/cluster}
[ -e "$folder" ] || exit 0
[ -e "$folder/keeper" ] || { echo "cluster: $folder holds no cluster" >&2; exit 1; }
keeper=$(cat "$folder/keeper")
if grep -qz keeper.py "/proc/$keeper/cmdline" 2>/dev/null; then
  kill -TERM "$keeper"
  for _ in $(seq 600); do
    kill -0 "$keeper" 2>/dev/null || break
    sleep 0.1
  done
fi
rm -rf "$folder"
