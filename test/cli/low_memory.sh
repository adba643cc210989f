#!/usr/bin/env bash
# --low-memory holds: no command has more resident than it says, whatever the size of the data.
. "$(dirname "$0")/lib.sh"
# peak COMMAND...: runs it and prints the most KiB that it had resident
peak() {
  python3 - "$@" <<'PY'
import resource, subprocess, sys
code = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL).returncode
if code:
    sys.exit(f"exit code {code}")
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
PY
}
# within MIB COMMAND...
within() {
  local kib
  kib=$(peak "${@:2}") || fail "$*"
  [ "$kib" -le $(($1 * 1024)) ] || fail "$kib KiB are more than $1 MiB: ${*:2}"
}
mkdir "$T/data"
head -c 150000000 /dev/urandom >"$T/data/large"
for i in $(seq 3000); do echo "$i" >"$T/data/$i"; done
expect 0 "$STASH" init -r "$R"
within 48 "$STASH" backup -r "$R" "$T/data" --low-memory
within 48 "$STASH" restore -r "$R" latest --target "$T/to" --verify --low-memory
cmp "$T/data/large" "$T/to$T/data/large" || fail "the content differs"
within 48 "$STASH" check -r "$R" --read-data --low-memory
