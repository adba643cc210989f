# Sourced by every script of this folder: $STASH is the binary under test, $T a folder of the test's own.
set -euo pipefail
: "${STASH:?the binary under test}"
T=$(mktemp -d)
trap 'chmod -R u+rwX "$T" 2>/dev/null; rm -rf "$T"' EXIT
unset STASH_REPOSITORY STASH_PASSWORD STASH_PASSWORD_FILE STASH_TO_REPOSITORY STASH_TO_PASSWORD STASH_TO_PASSWORD_FILE AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN
export STASH_PASSWORD=correct-horse STASH_CACHE_DIR=$T/cache
R=$T/repo

fail() { echo "FAILED: $*" >&2; exit 1; }

# expect CODE COMMAND...: runs it, keeps its output in $T/out and $T/err
expect() {
  local want=$1 got=0
  shift
  "$@" >"$T/out" 2>"$T/err" || got=$?
  [ "$got" = "$want" ] || { cat "$T/out" "$T/err" >&2; fail "exit code $got, want $want: $*"; }
}
# damage REPOSITORY: the first frame of every data pack is spoiled
damage() {
  python3 - "$1" <<'PY'
import pathlib, sys
for pack in pathlib.Path(sys.argv[1], "packs").rglob("?" * 32):
    data = bytearray(pack.read_bytes())
    if data[6] == 0:
        data[20] ^= 1
        pack.chmod(0o600)
        pack.write_bytes(data)
PY
}
# says TEXT: the last output or error has it
says() { grep -qF -- "$1" "$T/out" "$T/err" || { cat "$T/out" "$T/err" >&2; fail "it does not say: $1"; }; }
