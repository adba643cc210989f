#!/usr/bin/env bash
# What takes too long for every change: a million schedules, all orders of a small case with two interruptions, ten minutes of
# fuzzing for each decoder, a directory of a million files, a soak of 20 minutes. Writes test/fault/RESULTS.md.
#
#   nightly.sh [--schedules 1000000] [--interruptions 2] [--fuzz-seconds 600] [--soak-minutes 20] [--entries 1000000] [PART...]
#
# What each part said last is kept in ${STASH_CACHE:-~/.cache/stash}/nightly: with names of parts only those run, and the file
# tells of the others what they said before. Parts, in their order: orders planted damages fuzz syscalls source limits s3
# fidelity memory soak schedules.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
schedules=1000000 interruptions=2 seconds=600 minutes=20 entries=1000000 wanted=()
while [ $# -gt 0 ]; do
  case $1 in
    --schedules) schedules=$2; shift ;;
    --interruptions) interruptions=$2; shift ;;
    --fuzz-seconds) seconds=$2; shift ;;
    --soak-minutes) minutes=$2; shift ;;
    --entries) entries=$2; shift ;;
    orders | planted | damages | fuzz | syscalls | source | limits | s3 | fidelity | memory | soak | schedules) wanted+=("$1") ;;
    *) sed -n '2,9p' "$0" >&2; exit 2 ;;
  esac
  shift
done
test/deps.sh
jobs=$(nproc)
cmake --preset release >/dev/null
cmake --build --preset release -j "$jobs" --target test_engine_faults stash >/dev/null
kept=${STASH_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/stash}/nightly
mkdir -p "$kept"
trap 'for job in $(jobs -p); do pkill -P "$job" || true; done' EXIT
engine=build/release/test/test_engine_faults stash=$PWD/build/release/stash

wants() { [ ${#wanted[@]} = 0 ] || [[ " ${wanted[*]} " = *" $1 "* ]]; }
# part NAME COMMAND...: keeps what it says, and how long it took
part() {
  local name=$1 began=$SECONDS code=0
  shift
  rm -f "$kept/$name"
  "$@" >"$kept/$name.new" 2>"$kept/$name.errors" || code=$?
  [ $code = 0 ] || { echo "FAILED: $name"; tail -n 20 "$kept/$name.new" "$kept/$name.errors"; return 1; }
  echo $((SECONDS - began)) >"$kept/$name.seconds"
  mv "$kept/$name.new" "$kept/$name"
}
# run NAME COMMAND...: the part, if it is wanted
run() { ! wants "$1" || part "$@"; }

fuzz_all() {
  cmake --preset fuzz >/dev/null
  cmake --build --preset fuzz -j "$jobs" --target fuzz >/dev/null
  find build/fuzz/test -maxdepth 1 -name 'fuzz_*' -type f -executable | grep -v seeds | sort |
    xargs -P "$jobs" -I{} test/fuzz/run.sh {} "$seconds"
}
# By so many seeds at a time, on all processors.
schedules_all() {
  local each=50000 first=0 running=0
  rm -f "$kept"/schedules.*
  for (( ; first < schedules; first += each)); do
    (( running < jobs )) || { wait -n; running=$((running - 1)); }
    part "schedules.$first" env STASH_SCHEDULES=$((schedules - first < each ? schedules - first : each)) \
      STASH_FIRST_SEED=$((first + 1)) "$engine" --gtest_filter=Schedules.LoseNothing &
    running=$((running + 1))
  done
  for (( ; running > 0; --running)); do wait -n; done
}

# The short parts first, so that what is broken is told soon.
run orders env STASH_INTERRUPTIONS="$interruptions" "$engine" --gtest_filter='Schedules.OfASmallCase*' &
orders=$!
run planted "$engine" --gtest_filter='*PlantedBug*'
run damages env STASH_FLIPS=1000 "$engine" --gtest_filter='Damages.*'
run fuzz fuzz_all
wait "$orders"
run syscalls test/fault/syscalls.py "$stash"
run source test/fault/source.py "$stash"
run limits test/fault/limits.py "$stash"
run s3 test/fault/s3_faults.py "$stash" --seeds 5
run fidelity env STASH="$stash" STASH_ENTRIES="$entries" test/cli/fidelity.sh
run memory env STASH="$stash" test/cli/memory.sh
run soak test/fault/soak.sh "$stash" --minutes "$minutes"
! wants schedules || schedules_all

# took NAME: for the end of a line
took() { echo " ($(cat "$kept/$1.seconds") s)"; }
# lines NAME [SED]: what a part said, or what of it is wanted, as items
lines() { sed -n "${2:-p}" "$kept/$1" | sed '/^$/d; s/^/- /; $s/$/'"$(took "$1")"'/'; }
# What all schedules were, as one line like that of each.
sum_of_schedules() {
  sed -n '/^[0-9]* schedules/p' "$kept"/schedules.*[0-9] | awk -F, '
    { for (i = 1; i <= NF; ++i) { split($i, w, " "); sum[i] += w[1]; sub(/^ *[0-9]+/, "", $i); what[i] = $i } n = NF }
    END { for (i = 1; i <= n; ++i) printf "%s%d%s", (i > 1 ? ", " : ""), sum[i], what[i] }'
  echo ", nothing lost ($(cat "$kept"/schedules.*.seconds | awk '{ s += $1 } END { print s }') s of one processor)"
}
{
  echo "# Safety: what the parts of test/nightly.sh said last"
  echo
  echo "Written by that command on $(date -u '+%d %B %Y') on $jobs processors."
  echo
  echo "Schedules of writers, collectors, forgetters, taggers, repairers, and machines that repair packs and read some wrongly, on one"
  echo "store; each store call is a point where an actor gives way or dies, clocks are wrong, and days pass. At the end every snapshot"
  echo "that was reported is read back, no object was written twice or deleted by who may not, and prune runs until it has"
  echo "nothing to do:"
  echo
  echo "- $(sum_of_schedules)"
  lines orders 's/^\([0-9]* orders.*\)/\1, nothing lost/p'
  echo
  echo "Planted bugs, and what found each:"
  echo
  lines planted '/^\[ RUN/h; /^found/{G; s/\(.*\)\n.*Schedules\/\(.*\)/\2: \1/p}'
  echo
  echo "Every object flipped, cut, emptied, lengthened, exchanged, replaced by another repository's or taken away; then restore,"
  echo "check, backup, prune, repair and forget. Nothing wrong is restored, check finds what cannot be restored, and with the"
  echo "object back every snapshot is whole:"
  echo
  lines damages '/^[0-9]* damages/p'
  echo
  echo "The static binary on a local directory under strace, with little of everything, against a server that speaks S3 and fails,"
  echo "and against MinIO; every snapshot that was reported is restored and compared by a walk of its own:"
  echo
  for name in syscalls source limits s3 soak; do lines "$name"; done
  echo
  echo "A tree of all that is hard to keep with one very wide directory, and a small one in memory, there and back, onto nothing and"
  echo "onto what is there; memory limits of 64, 96 and 128 MiB on one processor:"
  echo
  lines fidelity
  echo "- backup, restore, check, prune and forget got through within each limit$(took memory)"
  echo
  echo "Decoders under libFuzzer with ASan and UBSan, all together$(took fuzz):"
  echo
  sort "$kept/fuzz" | sed 's/^/- /'
} >test/fault/RESULTS.md
cat test/fault/RESULTS.md
