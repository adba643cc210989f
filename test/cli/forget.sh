#!/usr/bin/env bash
# A policy keeps at least what the same options keep in restic.
. "$(dirname "$0")/lib.sh"
mkdir "$T/data" && echo hi >"$T/data/file"
expect 0 "$STASH" init -r "$R"
for tags in prod,important prod other x; do expect 0 "$STASH" backup -r "$R" "$T/data" --tag "$tags"; done

# A list of tags means snapshots that have all of them.
expect 0 "$STASH" snapshots -r "$R" --tag 'prod, important'
says "1 snapshots"
expect 0 "$STASH" restore -r "$R" latest --target "$T/to" --tag important,prod
expect 0 "$STASH" forget -r "$R" --keep-last 1 --tag prod,other
says "0 snapshots kept, 0 removed"

expect 0 "$STASH" forget -r "$R" --keep-tag prod,important --dry-run
grep -qE '^keep .*has tag important' "$T/out" || fail "a snapshot with both tags goes"
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

expect 0 "$STASH" forget -r "$R" --keep-tag prod,important
expect 0 "$STASH" snapshots -r "$R" --tag prod,important
says "1 snapshots"
