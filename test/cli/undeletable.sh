#!/usr/bin/env bash
# A store that refuses to delete: backups go on, forget and prune say what stays, the exit code is 3.
. "$(dirname "$0")/lib.sh"
[ "$(id -u)" = 0 ] && command -v setpriv >/dev/null || { echo "needs root and setpriv: nothing shown"; exit 77; }
chmod 755 "$T"
mkdir "$T/data" && head -c 200000 /dev/urandom >"$T/data/a"
mkdir "$R" && chown 65534 "$R"
as_nobody() { setpriv --reuid 65534 --regid 65534 --clear-groups "$STASH" "$@"; }
expect 0 as_nobody init -r "$R"
expect 0 as_nobody backup -r "$R" "$T/data" --host h
head -c 200000 /dev/urandom >"$T/data/a"
expect 0 as_nobody backup -r "$R" "$T/data" --host h
chown -R root "$R" && find "$R" -exec chmod go+rX {} +

expect 3 as_nobody forget -r "$R" --keep-last 1
says "the store refuses to delete 1 snapshots"
chown 65534 "$R" "$R/snapshots" "$R/index"
expect 0 as_nobody forget -r "$R" --keep-last 1
expect 3 as_nobody prune -r "$R" --grace 0s --young 0s
says "the store refuses to delete"
says "freed 0 B"
chown -R 65534 "$R"
expect 0 as_nobody prune -r "$R" --grace 0s --young 0s
expect 0 as_nobody check -r "$R" --read-data
