#!/usr/bin/env bash
# What takes too long for every change: a million schedules, ten minutes of fuzzing for each decoder, a soak of 20 minutes.
# Writes the counts to test/fault/RESULTS.md.
#
#   nightly.sh [--schedules 1000000] [--fuzz-seconds 600] [--soak-minutes 20]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
schedules=1000000 seconds=600 minutes=20
while [ $# -gt 0 ]; do
  case $1 in
    --schedules) schedules=$2; shift ;;
    --fuzz-seconds) seconds=$2; shift ;;
    --soak-minutes) minutes=$2; shift ;;
    *) sed -n '2,6p' "$0" >&2; exit 2 ;;
  esac
  shift
done
test/deps.sh
jobs=$(nproc)
cmake --preset release >/dev/null
cmake --build --preset release -j "$jobs" --target test_engine stash >/dev/null
cmake --preset fuzz >/dev/null
cmake --build --preset fuzz -j "$jobs" --target fuzz >/dev/null
results=$(mktemp)
trap 'rm -f "$results"*' EXIT

share=$(((schedules + jobs - 1) / jobs))
for ((i = 0; i < jobs; ++i)); do
  STASH_SCHEDULES=$share STASH_FIRST_SEED=$((i * share + 1)) build/release/test/test_engine \
    --gtest_filter=Schedules.LoseNothing >"$results.$i" 2>&1 &
done
for ((i = 0; i < jobs; ++i)); do
  wait -n || { tail -n 20 "$results".*; exit 1; }
done
find build/fuzz/test -maxdepth 1 -name 'fuzz_*' -type f | sort |
  xargs -P "$jobs" -I{} test/fuzz/run.sh {} "$seconds" >"$results.fuzz" || { cat "$results.fuzz"; exit 1; }
STASH_FLIPS=1000 build/release/test/test_engine --gtest_filter='Damages.*' >"$results.damages" 2>&1 ||
  { tail -n 20 "$results.damages"; exit 1; }
test/fault/syscalls.py build/release/stash >"$results.syscalls"
test/fault/s3_faults.py build/release/stash --seeds 5 >"$results.s3"
test/fault/soak.sh build/release/stash --minutes "$minutes" >"$results.soak"
{
  echo "# Safety: the last run of test/nightly.sh"
  echo
  echo "Schedules of writers, collectors and forgetters on one store; each store call is a point where an actor gives way or"
  echo "dies. At the end every snapshot that was reported is read back, and prune runs until it has nothing to do."
  echo
  sed -n 's/^\([0-9]* schedules.*\)/- \1, nothing lost/p' "$results".[0-9]*
  echo "- planted bugs (no second look at tombs; deleted without a second look at snapshots; index before packs): each is found"
  echo "  within 2000 seeds (test/engine/schedule_test.cpp)"
  echo
  echo "Every object flipped, cut, emptied, lengthened, exchanged, replaced by another repository's or taken away; then restore,"
  echo "check, backup, prune, repair and forget. Nothing wrong is restored, check finds what cannot be restored, and with the"
  echo "object back every snapshot is whole:"
  echo
  sed -n 's/^\([0-9]* damages.*\)/- \1/p' "$results.damages"
  echo
  echo "The static binary on a local directory under strace, against a server that speaks S3 and fails, and against MinIO; every"
  echo "snapshot that was reported is restored and compared by a walk of its own:"
  echo
  cat "$results.syscalls" "$results.s3" "$results.soak" | sed 's/^/- /'
  echo
  echo "Decoders under libFuzzer with ASan and UBSan, $seconds s each:"
  echo
  sort "$results.fuzz" | sed 's/^/- /'
} >test/fault/RESULTS.md
cat test/fault/RESULTS.md
