#!/usr/bin/env bash
# Snapshots go to another repository with another password, once.
. "$(dirname "$0")/lib.sh"
mkdir "$T/data"
head -c 3000000 /dev/urandom >"$T/data/big"
echo small >"$T/data/small"
expect 0 "$STASH" init -r "$R"
expect 0 "$STASH" backup -r "$R" "$T/data" --host a
echo more >"$T/data/more"
expect 0 "$STASH" backup -r "$R" "$T/data" --host a
STASH_PASSWORD=battery-staple expect 0 "$STASH" init -r "$T/second"
export STASH_TO_PASSWORD=battery-staple
expect 2 "$STASH" copy -r "$R"
says "--to ADDRESS is needed"
expect 10 "$STASH" copy -r "$R" --to "$T/nothing"
STASH_TO_PASSWORD=wrong expect 12 "$STASH" copy -r "$R" --to "$T/second"
expect 0 "$STASH" copy -r "$R" --to "$T/second" --json
[ "$(grep -c '"message_type":"copied"' "$T/out")" = 2 ] || fail "not two snapshots were copied"
expect 0 "$STASH" copy -r "$R" --to "$T/second"
says "0 snapshots copied, 2 were there already, 0 failed"
export STASH_PASSWORD=battery-staple
expect 0 "$STASH" restore -r "$T/second" latest --target "$T/to" --verify
diff -r "$T/data" "$T/to$T/data" || fail "the trees differ"
expect 0 "$STASH" check -r "$T/second" --read-data
