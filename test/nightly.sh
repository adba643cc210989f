#!/usr/bin/env bash
# What takes too long for every change: a million schedules, all orders of a small case with two interruptions, ten minutes of
# fuzzing for each decoder, a directory of a million files, a soak of 20 minutes.
# Writes test/fault/RESULTS.md from what ran.
#
#   nightly.sh [--schedules 1000000] [--interruptions 2] [--fuzz-seconds 600] [--soak-minutes 20] [--entries 1000000]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
schedules=1000000 interruptions=2 seconds=600 minutes=20 entries=1000000
while [ $# -gt 0 ]; do
  case $1 in
    --schedules) schedules=$2; shift ;;
    --interruptions) interruptions=$2; shift ;;
    --fuzz-seconds) seconds=$2; shift ;;
    --soak-minutes) minutes=$2; shift ;;
    --entries) entries=$2; shift ;;
    *) sed -n '2,7p' "$0" >&2; exit 2 ;;
  esac
  shift
done
test/deps.sh
jobs=$(nproc)
cmake --preset release >/dev/null
cmake --build --preset release -j "$jobs" --target test_engine stash >/dev/null
cmake --preset fuzz >/dev/null
cmake --build --preset fuzz -j "$jobs" --target fuzz >/dev/null
results=$(mktemp -d)
trap 'for job in $(jobs -p); do pkill -P "$job" || true; done; rm -rf "$results"' EXIT
engine=build/release/test/test_engine stash=$PWD/build/release/stash

# part NAME COMMAND...: keeps what it says, and how long it took
part() {
  local name=$1 began=$SECONDS code=0
  shift
  "$@" >"$results/$name" 2>"$results/$name.errors" || code=$?
  echo $((SECONDS - began)) >"$results/$name.seconds"
  [ $code = 0 ] || { echo "FAILED: $name"; tail -n 20 "$results/$name" "$results/$name.errors"; return 1; }
}
# took NAME: for the end of a line
took() { echo " ($(cat "$results/$1.seconds") s)"; }

# The short parts first, so that what is broken is told soon; schedules come last.
part orders env STASH_INTERRUPTIONS="$interruptions" "$engine" --gtest_filter='Schedules.OfASmallCase*' &
orders=$!
part planted "$engine" --gtest_filter='*PlantedBug*'
part damages env STASH_FLIPS=1000 "$engine" --gtest_filter='Damages.*'
fuzz_all() {
  find build/fuzz/test -maxdepth 1 -name 'fuzz_*' -type f -executable | grep -v seeds | sort |
    xargs -P "$jobs" -I{} test/fuzz/run.sh {} "$seconds"
}
part fuzz fuzz_all
wait "$orders"
part syscalls test/fault/syscalls.py "$stash"
part source test/fault/source.py "$stash"
part limits test/fault/limits.py "$stash"
part s3 test/fault/s3_faults.py "$stash" --seeds 5
part fidelity env STASH="$stash" STASH_ENTRIES="$entries" test/cli/fidelity.sh
part memory env STASH="$stash" test/cli/memory.sh
part soak test/fault/soak.sh "$stash" --minutes "$minutes"
share=$(((schedules + jobs - 1) / jobs))
for ((i = 0; i < jobs; ++i)); do
  part "schedules.$i" env STASH_SCHEDULES=$share STASH_FIRST_SEED=$((i * share + 1)) "$engine" --gtest_filter=Schedules.LoseNothing &
done
for ((i = 0; i < jobs; ++i)); do wait -n; done

# lines NAME [SED]: what a part said, or what of it is wanted, as items
lines() { sed -n "${2:-p}" "$results/$1" | sed '/^$/d; s/^/- /; $s/$/'"$(took "$1")"'/'; }
{
  echo "# Safety: the last run of test/nightly.sh"
  echo
  echo "Written by that command on $(date -u '+%d %B %Y') after $((SECONDS / 60)) minutes on $jobs processors."
  echo
  echo "Schedules of writers, collectors, forgetters, repairers, and machines that repair packs and read some wrongly, on one store;"
  echo "each store call is a point where an actor gives way or dies, clocks are wrong, and days pass. At the end every snapshot"
  echo "that was reported is read back, no object was written twice or deleted by who may not, and prune runs until it has"
  echo "nothing to do:"
  echo
  for ((i = 0; i < jobs; ++i)); do lines "schedules.$i" 's/^\([0-9]* schedules.*\)/\1, nothing lost/p'; done
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
  echo "A tree of all that is hard to keep with a directory of $entries files, and one in memory, there and back; memory limits of"
  echo "64, 96 and 128 MiB on one processor:"
  echo
  lines fidelity
  echo "- backup, restore, check, prune and forget got through within each limit$(took memory)"
  echo
  echo "Decoders under libFuzzer with ASan and UBSan, $seconds s each:"
  echo
  sort "$results/fuzz" | sed 's/^/- /'
} >test/fault/RESULTS.md
cat test/fault/RESULTS.md
