#!/usr/bin/env bash
# A stream becomes one file, and comes back by dump.
. "$(dirname "$0")/lib.sh"
expect 0 "$STASH" init -r "$R"
head -c 2000000 /dev/urandom >"$T/dump.sql"
expect 0 bash -c '"$0" backup -r "$1" --stdin --stdin-filename dump.sql <"$2"' "$STASH" "$R" "$T/dump.sql"
expect 0 "$STASH" dump -r "$R" latest /dump.sql
cmp "$T/out" "$T/dump.sql" || fail "other bytes came back"
