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

# Ctrl-C at the question is an interruption, no empty password.
cat >"$T/interrupt.py" <<'PY'
import os, pty, select, sys
child, terminal = pty.fork()
if child == 0:
    os.execv(sys.argv[1], sys.argv[1:])
said = b""
while b"password of" not in said:
    said += os.read(terminal, 1024)
os.write(terminal, b"\x03")
try:
    while True:
        if select.select([terminal], [], [], 2)[0]:
            said += os.read(terminal, 1024)
        else:
            os.write(terminal, b"\x03")  # the first came before it read
except OSError:  # the terminal is closed
    pass
print(said.decode())
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
PY
expect 130 env -u STASH_PASSWORD python3 "$T/interrupt.py" "$STASH" snapshots -r "$R"
! grep -qF "is empty" "$T/out" || fail "the interruption counts as an empty password"
