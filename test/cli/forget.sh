#!/usr/bin/env bash
# A policy keeps at least what the same options keep in restic.
. "$(dirname "$0")/lib.sh"
mkdir "$T/data" && echo hi >"$T/data/file"
expect 0 "$STASH" init -r "$R"
for tags in prod,important prod other x; do expect 0 "$STASH" backup -r "$R" "$T/data" --tag "$tags"; done

# A list of tags means snapshots that have all of them, several lists those that have all of one.
expect 0 "$STASH" snapshots -r "$R" --tag 'prod, important'
says "1 snapshots"
expect 0 "$STASH" restore -r "$R" latest --target "$T/to" --tag important,prod
expect 0 "$STASH" forget -r "$R" --keep-last 1 --tag prod,other
says "0 snapshots kept, 0 removed"
expect 0 "$STASH" snapshots -r "$R" --tag prod,important --tag other
says "2 snapshots"

expect 0 "$STASH" forget -r "$R" --keep-tag prod,important --dry-run
grep -qE '^keep .*has tags prod,important' "$T/out" || fail "a snapshot with both tags goes"
expect 0 "$STASH" forget -r "$R" --keep-within 6m
says "4 snapshots kept, 0 removed"

# What cannot be kept as restic would is refused.
for policy in --keep-within=300y --keep-within=30s --keep-tag= --keep-tag=prod, --tag=; do
  expect 2 "$STASH" forget -r "$R" --keep-last 1 "$policy"
  says "${policy%%=*}: "
done
expect 2 "$STASH" forget -r "$R" --keep-last 1 --keep-within 300y
says "--keep-within: 300y is not a time"
expect 2 "$STASH" prune -r "$R" --grace 300y
says "--grace: 300y is not a duration"
expect 0 "$STASH" snapshots -r "$R"
says "4 snapshots"

# What is only told is told as that.
expect 0 "$STASH" prune -r "$R" --dry-run
says "would free 0 B in 0 packs"
expect 0 "$STASH" forget -r "$R" --keep-last 1 --prune --dry-run
says "1 snapshots kept, 3 would be removed"
says "would free 0 B in 0 packs"
expect 0 "$STASH" prune -r "$R" --dry-run --json
says '"dry_run":true'
expect 0 "$STASH" snapshots -r "$R"
says "4 snapshots"

expect 0 "$STASH" forget -r "$R" --keep-tag prod,important
expect 0 "$STASH" snapshots -r "$R" --tag prod,important
says "1 snapshots"
