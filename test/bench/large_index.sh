#!/usr/bin/env bash
# What an index of many blobs costs: wall and CPU seconds and the peak resident memory of one command each.
#   large_index.sh STASH BENCH_LARGE_INDEX [BLOBS]        10 million by default: 2 GB of disk, some minutes
set -euo pipefail
stash=$1 make=$2 blobs=${3:-10000000}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
export STASH_PASSWORD=0123456789abcdef0123456789abcdef0123456789abcdef STASH_REPOSITORY=$folder/repo
mkdir "$folder/data"
for i in 1 2 3; do head -c 1000000 /dev/urandom >"$folder/data/$i"; done
"$stash" init --kdf raw -q >/dev/null
"$make" "$folder/repo" "$blobs"
export STASH_CACHE_DIR=
"$stash" backup "$folder/data" --host h -q >/dev/null

timed() {
  local name=$1
  shift
  /usr/bin/time -q -o "$folder/time" -f '%e %U %S %M' "$stash" "$@" >"$folder/out" 2>&1 || { cat "$folder/out"; exit 1; }
  awk -v name="$name" '{printf "%-44s %7.2f s %7.2f s CPU %7.1f MiB\n", name, $1, $2 + $3, $4 / 1024}' "$folder/time"
}
operations() {
  head -c 1000000 /dev/urandom >"$folder/data/new"
  timed "$1: backup" backup "$folder/data" --host h
  timed "$1: restore of one file" restore latest --target "$folder/to" --include "$folder/data/1"
  timed "$1: check" check
  timed "$1: stats" stats
  timed "$1: prune, planned" prune --dry-run
  rm -rf "$folder/to"
}
echo "$blobs blobs, $(ls "$folder/repo/index" | wc -l) segments"
operations "in memory"
export STASH_CACHE_DIR=$folder/cache
timed "kept as a file: the first time" stats
operations "kept as a file"
