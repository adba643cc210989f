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

# A signal ends a backup whose source is silent: no snapshot, and nothing is left of the command.
# await COMMAND...: until it succeeds, for ten seconds
await() {
  local i
  for i in {1..100}; do
    if "$@"; then return; fi
    sleep 0.1
  done
  return 1
}
gone() { ! kill -0 "$1" 2>/dev/null; }
# interrupt SIGNAL: ends $backup
interrupt() {
  local got=0
  kill -"$1" "$backup"
  await gone "$backup" || kill -KILL "$backup"
  wait "$backup" || got=$?
  [ "$got" = 130 ] || fail "exit code $got after SIG$1, want 130"
}
was_read() { python3 -c 'import array, fcntl, termios; n = array.array("i", [0]); fcntl.ioctl(3, termios.FIONREAD, n); exit(n[0])'; }
mkfifo "$T/fifo"
exec 3<>"$T/fifo"
for signal in INT TERM; do
  "$STASH" backup -r "$R" --stdin <"$T/fifo" 3>&- &
  backup=$!
  echo begin >&3
  await was_read || { kill -KILL "$backup"; fail "standard input is not read"; }
  interrupt "$signal"
done
exec 3>&-

# Also when it closed its output and runs on.
for rest in 'exec sleep 1000' 'exec sleep 1000 >&-'; do
  rm -f "$T/pid"
  "$STASH" backup -r "$R" --stdin-from-command -- sh -c "echo \$\$ >\"\$1\"; $rest" sh "$T/pid" &
  backup=$!
  await test -s "$T/pid" || { kill -KILL "$backup"; fail "the command was not started"; }
  interrupt TERM
  await gone "$(cat "$T/pid")" || { kill -KILL "$(cat "$T/pid")"; fail "the command is still there"; }
done
expect 0 "$STASH" snapshots -r "$R"
says "2 snapshots"
