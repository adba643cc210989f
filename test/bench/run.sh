#!/usr/bin/env bash
# Compares with the peers of the day: makes the data, builds the program and the peers, measures, prints the table.
#
#   test/bench/run.sh [--tools stash,restic,kopia,kopia-s2,rustic,borg,cp] [--sets b,a,c,b@s3] [--reps 1] [--write]
#
# Sets are described in mkdata.py; with @s3 the repository is on a MinIO server, whose requests are counted. (d) has a million
# files and is made on request. Data, repositories and results are kept in $STASH_BENCH (default ~/.cache/stash/bench),
# which needs 30 GB; of a set that is not run the table has what was measured last. --write puts the table into RESULTS.md.
# All sets and tools take an hour on 2 cores, besides building the peers (peers/build.sh); quiet machines give better
# figures, and the table tells how quiet it was.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cache=${STASH_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/stash}
folder=${STASH_BENCH:-$cache/bench}
tools=stash,restic,kopia,kopia-s2,rustic,borg,cp sets=b,a,c,b@s3 reps=1 write=
while [ $# -gt 0 ]; do
  case $1 in
    --tools) tools=$2; shift ;;
    --sets) sets=$2; shift ;;
    --reps) reps=$2; shift ;;
    --write) write=1 ;;
    *) sed -n '2,10p' "$0" >&2; exit 2 ;;
  esac
  shift
done
cd "$here/../.."
test/deps.sh
cmake --preset release >/dev/null
cmake --build --preset release --target stash >/dev/null
mapfile -t peers < <(tr , '\n' <<<"$tools" | sed -n 's/^\(restic\|kopia\|rustic\|borg\).*/\1/p' | sort -u)
bin=$cache/peers
[ ${#peers[@]} = 0 ] || bin=$("$here/peers/build.sh" "${peers[@]}")
[[ $sets != *@s3* ]] || BENCH_MINIO=$(test/cluster/build.sh minio)/minio
export BENCH_MINIO=${BENCH_MINIO:-}
mkdir -p "$folder"
strip -o "$folder/stash" build/release/stash
export BENCH_DATA=$folder/data BENCH_RUN=$folder/run PATH=$folder:$bin:$PATH
results=$folder/results
mkdir -p "$results"
for set in ${sets//,/ }; do
  rm -f "$results/$set.jsonl"
  python3 "$here/run.py" --tools "$tools" --sets "$set" --reps "$reps" --out "$results/$set.jsonl"
done
rm -rf "$BENCH_RUN.gone"
cat "$results"/*.jsonl >"$folder/results.jsonl"
python3 "$here/table.py" "$folder/results.jsonl" >"$folder/RESULTS.md"
cat "$folder/RESULTS.md"
[ -z "$write" ] || cp "$folder/RESULTS.md" "$here/RESULTS.md"
