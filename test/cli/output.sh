#!/usr/bin/env bash
# What was asked for is printed whole, or the exit code says that it was not.
. "$(dirname "$0")/lib.sh"
mkdir "$T/data" && head -c 3000000 /dev/urandom >"$T/data/large"
expect 0 "$STASH" init -r "$R"
expect 0 "$STASH" backup -r "$R" "$T/data"
# printed TO COMMAND...: its standard output goes there; it ends with 1
printed() { expect 1 bash -c "\"\$@\" $1" bash "${@:2}"; }
# A pipe that nobody reads any more.
mkfifo "$T/pipe"
exec 3<>"$T/pipe" 4>"$T/pipe" 3<&-

tell() {
  printed ">/dev/full" "$STASH" "$@"
  says "No space left on device"
  printed ">&4" "$STASH" "$@"
  [ ! -s "$T/err" ] || { cat "$T/err" >&2; fail "a word about a reader that left: $*"; }
  printed ">&-" "$STASH" "$@"
  says "standard output"
}
tell help
tell backup --help
tell --version
tell install
tell snapshots -r "$R" --json
tell dump -r "$R" latest "$T/data/large"
tell backup -r "$R" "$T/data"

# The numbers of closed streams are given to no file: nothing is printed into the repository.
expect 0 bash -c '"$@" <&- 2>&-' bash "$STASH" backup -r "$R" "$T/data"
expect 0 "$STASH" check -r "$R" --read-data
says "checked 5 snapshots"

# A code of its own stays.
expect 12 bash -c 'STASH_PASSWORD=wrong "$@" >/dev/full 2>&1' bash "$STASH" snapshots -r "$R"
