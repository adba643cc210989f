#!/usr/bin/env bash
# A stream becomes one file, and comes back by dump.
. "$(dirname "$0")/lib.sh"
expect 0 "$STASH" init -r "$R"
head -c 2000000 /dev/urandom >"$T/dump.sql"
expect 0 bash -c '"$0" backup -r "$1" --stdin --stdin-filename dump.sql <"$2"' "$STASH" "$R" "$T/dump.sql"
expect 0 "$STASH" dump -r "$R" latest /dump.sql
cmp "$T/out" "$T/dump.sql" || fail "other bytes came back"

# A command's exit status decides.
expect 0 "$STASH" backup -r "$R" --stdin-from-command --stdin-filename command.sql -- cat "$T/dump.sql"
expect 0 "$STASH" dump -r "$R" latest /command.sql
cmp "$T/out" "$T/dump.sql" || fail "other bytes came back from a command"
expect 1 "$STASH" backup -r "$R" --stdin-from-command -- sh -c 'echo half; exit 3'
says "ended with exit status 3: no snapshot is made"
expect 1 "$STASH" backup -r "$R" --stdin-from-command -- no-such-program
says "start no-such-program"
expect 2 "$STASH" backup -r "$R" --stdin-from-command
expect 0 "$STASH" snapshots -r "$R"
says "2 snapshots"
