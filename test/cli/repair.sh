#!/usr/bin/env bash
# Damage is told, what is good is saved, what is lost is named; a forgotten snapshot comes back while its packs are there.
. "$(dirname "$0")/lib.sh"
mkdir "$T/data"
head -c 300000 /dev/urandom >"$T/data/one"
echo small >"$T/data/two"
expect 0 "$STASH" init -r "$R"
expect 0 "$STASH" backup -r "$R" "$T/data" --host h
expect 0 "$STASH" repair pack -r "$R"
says "0 of them damaged"
expect 0 "$STASH" repair snapshot -r "$R"
says "0 of them damaged"

damage "$R"
expect 1 "$STASH" check -r "$R" --read-data
expect 3 "$STASH" repair pack -r "$R" --dry-run
expect 3 "$STASH" repair pack -r "$R"
says "blobs cannot be read"
expect 3 "$STASH" repair snapshot -r "$R" --forget
says "$T/data/one"
[ "$("$STASH" snapshots -r "$R" --json | grep -o '"complete":false' | wc -l)" = 1 ] || fail "one snapshot, and incomplete"
"$STASH" restore -r "$R" latest --target "$T/to" >"$T/out" 2>"$T/err" && fail "a damaged file was restored as if it were whole"
says "$T/data/one"
[ "$(cat "$T/to$T/data/two")" = small ] || fail "the undamaged file is not there"
expect 1 "$STASH" dump -r "$R" latest "$T/data/one"
[ "$(stat -c %s "$T/out")" = 300000 ] || fail "what is left of a file stands in its place"
cmp -s "$T/out" "$T/data/one" && fail "nothing was lost of it"

# The same content once more: what was lost is stored again.
expect 0 "$STASH" backup -r "$R" "$T/data" --host h
expect 0 "$STASH" restore -r "$R" latest --target "$T/again" --verify
cmp "$T/again$T/data/one" "$T/data/one" || fail "the file differs"
expect 0 "$STASH" prune -r "$R" --grace 0s --young 0s
expect 0 "$STASH" check -r "$R" --read-data

latest=$("$STASH" snapshots -r "$R" --json | python3 -c 'import json, sys; print(json.load(sys.stdin)[-1]["id"])')
expect 0 "$STASH" forget -r "$R" "$latest"
tree=$("$STASH" recover -r "$R" --json | python3 -c 'import json, sys; print(json.loads(sys.stdin.readline())["id"])')
expect 0 "$STASH" recover -r "$R" "$tree" --host h
expect 0 "$STASH" restore -r "$R" latest --target "$T/recovered" --verify
cmp "$T/recovered$T/data/one" "$T/data/one" || fail "the recovered file differs"
