#!/usr/bin/env bash
# Replays the corpus of a fuzz target and goes on for some seconds. What makes it fail is left beside the program, to be
# kept under test/fuzz/corpus once it is understood.
#
#   run.sh PROGRAM SECONDS
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
program=$1 seconds=$2
name=$(basename "$program")
found=$(dirname "$program")/found-${name#fuzz_}
mkdir -p "$found"
corpus=$here/corpus/${name#fuzz_}
folders=("$found")
[ ! -d "$corpus" ] || folders+=("$corpus")
log=$(mktemp)
trap 'rm -f "$log"' EXIT
if ! "$program" -max_total_time="$seconds" -rss_limit_mb=1024 -malloc_limit_mb=256 -timeout=10 -max_len=65536 \
  -print_final_stats=1 -artifact_prefix="$found-" "${folders[@]}" >"$log" 2>&1; then
  tail -60 "$log"
  exit 1
fi
printf '%s: %s executions, %s inputs in the corpus, nothing found\n' "${name#fuzz_}" \
  "$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")" "$(find "${folders[@]}" -type f | wc -l)"
