#!/usr/bin/env bash
# The password of a flag goes before those of the environment, of which STASH_PASSWORD is first.
. "$(dirname "$0")/lib.sh"
mkdir "$T/data" && echo hi >"$T/data/file"
echo correct-horse >"$T/right"
echo battery-staple >"$T/other"
expect 0 "$STASH" init -r "$R"
expect 0 "$STASH" backup -r "$R" "$T/data"

STASH_PASSWORD=wrong expect 0 "$STASH" snapshots -r "$R" --password-file "$T/right"
STASH_PASSWORD_FILE=$T/other expect 0 "$STASH" snapshots -r "$R" --password-file "$T/right"
expect 12 "$STASH" snapshots -r "$R" --password-file "$T/other"
expect 1 "$STASH" snapshots -r "$R" --password-file "$T/missing"
says "$T/missing"
STASH_PASSWORD_FILE=$T/other expect 0 "$STASH" snapshots -r "$R"
STASH_PASSWORD= STASH_PASSWORD_FILE=$T/right expect 0 "$STASH" snapshots -r "$R"

expect 0 "$STASH" init -r "$T/second" --password-file "$T/other"
STASH_TO_PASSWORD=wrong expect 0 "$STASH" copy -r "$R" --to "$T/second" --to-password-file "$T/other"
STASH_TO_PASSWORD=battery-staple expect 12 "$STASH" copy -r "$R" --to "$T/second" --to-password-file "$T/right"
STASH_TO_PASSWORD=battery-staple STASH_TO_PASSWORD_FILE=$T/right expect 0 "$STASH" copy -r "$R" --to "$T/second"
STASH_TO_PASSWORD_FILE=$T/other expect 0 "$STASH" copy -r "$R" --to "$T/second"
STASH_PASSWORD=battery-staple expect 0 "$STASH" snapshots -r "$T/second"
says "1 snapshots"
