#!/usr/bin/env bash
# What --json prints is an interface: the members of every message of every command, with their types, are in json.golden.
# STASH_GOLDEN_OUT=FILE writes what the binary of today prints.
. "$(dirname "$0")/lib.sh"
here=$(dirname "$0")
mkdir -p "$T/data" && echo one >"$T/data/one" && ln -s one "$T/data/link"
shape() { # NAME: the shape of the last output
  python3 - "$1" "$T/out" "$T/err" <<'PY'
import json, sys
def shape(value):
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {shape(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + (shape(value[0]) if value else "") + "]"
    return {bool: "bool", int: "number", float: "number", str: "text", type(None): "null"}[type(value)]
seen = []
for path in sys.argv[2:]:
    for line in open(path, encoding="utf-8"):
        if not line.startswith(("{", "[")):
            continue
        value = json.loads(line)
        kind = value.get("message_type", "") if isinstance(value, dict) else ""
        text = f"{sys.argv[1]} {kind}: {shape(value)}"
        if text not in seen and (kind != "status" or sys.argv[1] == "status"):
            seen.append(text)
            print(text)
PY
}
# status REPOSITORY: the line that comes at once, also through a pipe, while the source of a backup is silent.
status() {
  local backup line
  mkfifo "$T/source" "$T/lines"
  "$STASH" backup -r "$1" --stdin --json <"$T/source" >"$T/lines" 2>"$T/err" &
  backup=$!
  exec 3>"$T/source" 4<"$T/lines"
  read -r -t 10 line <&4 || fail "no line comes while the backup runs"
  exec 3>&-
  cat <&4 >/dev/null
  exec 4<&-
  wait "$backup" || fail "the backup failed"
  echo "$line" >"$T/out"
}
{
  expect 0 "$STASH" init -r "$R" --json; shape init
  expect 0 "$STASH" backup -r "$R" "$T/data" --host h --tag t --exclude '*.tmp' --json; shape backup
  echo two >"$T/data/two"
  head -c 100000 /dev/urandom >"$T/data/three"
  expect 0 "$STASH" backup -r "$R" "$T/data" --host h --json; shape backup
  mapfile -t ids < <("$STASH" snapshots -r "$R" --json | python3 -c 'import json, sys; [print(s["id"]) for s in json.load(sys.stdin)]')
  expect 0 "$STASH" snapshots -r "$R" --json; shape snapshots
  expect 0 "$STASH" ls -r "$R" latest --json; shape ls
  expect 0 "$STASH" find -r "$R" one --json; shape find
  expect 0 "$STASH" diff -r "$R" "${ids[0]}" "${ids[1]}" --json; shape diff
  expect 0 "$STASH" restore -r "$R" latest --target "$T/to" --verify --json; shape restore
  expect 0 "$STASH" restore -r "$R" latest --target "$T/else" --dry-run --json; shape restore
  rm "$T/to/$T/data/one" && mkdir -p "$T/to/$T/data/one/full"
  expect 3 "$STASH" restore -r "$R" latest --target "$T/to" --json; shape restore
  expect 0 "$STASH" check -r "$R" --json; shape check
  expect 0 "$STASH" stats -r "$R" --json; shape stats
  expect 0 "$STASH" stats -r "$R" --by host --json; shape stats
  expect 0 "$STASH" stats -r "$R" --by path --json; shape stats
  expect 0 "$STASH" init -r "$T/second"
  export STASH_TO_PASSWORD=$STASH_PASSWORD
  expect 0 "$STASH" copy -r "$R" --to "$T/second" --json; shape copy
  expect 0 "$STASH" copy -r "$R" --to "$T/second" --json; shape copy
  expect 0 "$STASH" tag -r "$R" --add x "${ids[0]}" --json; shape tag
  expect 0 "$STASH" key list -r "$R" --json; shape key
  echo battery-staple >"$T/new"
  expect 0 "$STASH" key add -r "$R" --new-password-file "$T/new" --json; shape key
  expect 0 "$STASH" key remove -r "$R" "$(sed 's/.*"id":"\([^"]*\)".*/\1/' "$T/out")" --json; shape key
  expect 0 "$STASH" forget -r "$R" --keep-last 1 --prune --json; shape forget
  expect 0 "$STASH" prune -r "$R" --json; shape prune
  expect 0 "$STASH" repair index -r "$R" --json; shape repair
  expect 0 "$STASH" recover -r "$R" --json; shape recover
  expect 0 "$STASH" recover -r "$R" all --json; shape recover
  damage "$R"
  expect 3 "$STASH" repair pack -r "$R" --json; shape "repair pack"
  expect 3 "$STASH" repair snapshot -r "$R" --json; shape "repair snapshot"
  expect 10 "$STASH" snapshots -r "$T/nothing" --json; shape error
  status "$T/second"; shape status
} >"$T/shapes"
[ -z "${STASH_GOLDEN_OUT:-}" ] || cp "$T/shapes" "$STASH_GOLDEN_OUT"
diff "$here/json.golden" "$T/shapes" || fail "the JSON that is printed has changed: add members, never change or remove them"
