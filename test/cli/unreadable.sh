#!/usr/bin/env bash
# Some files that cannot be read: the rest is kept, the snapshot is called incomplete, the exit code is 3.
. "$(dirname "$0")/lib.sh"
[ "$(id -u)" = 0 ] && command -v setpriv >/dev/null || { echo "needs root and setpriv: nothing shown"; exit 77; }
chmod 755 "$T"
mkdir "$T/data" && echo readable >"$T/data/a" && echo secret >"$T/data/b" && chmod 600 "$T/data/b"
mkdir "$R" && chown 65534 "$R"
as_nobody() { setpriv --reuid 65534 --regid 65534 --clear-groups "$STASH" "$@"; }
expect 0 as_nobody init -r "$R"
expect 3 as_nobody backup -r "$R" "$T/data"
says "$T/data/b"
says "incomplete"
expect 3 as_nobody backup -r "$R" "$T/data" --json
grep -qF "{\"message_type\":\"file_error\",\"path\":\"$T/data/b\",\"what\":\"" "$T/out" || fail "no line tells what cannot be read"
expect 0 "$STASH" snapshots -r "$R"
says "(incomplete)"
