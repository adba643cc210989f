#!/usr/bin/env bash
# The index kept on this machine changes nothing but the time: whatever becomes of it, answers stay the same.
. "$(dirname "$0")/lib.sh"
mkdir "$T/data"
for i in $(seq 40); do head -c 20000 /dev/urandom >"$T/data/$i"; done
expect 0 "$STASH" init -r "$R"
expect 0 "$STASH" backup -r "$R" "$T/data" --host h --no-cache
[ ! -e "$T/cache" ] || fail "--no-cache kept something"
STASH_CACHE_DIR='' expect 0 "$STASH" check -r "$R"
[ ! -e "$T/cache" ] || fail "an empty STASH_CACHE_DIR kept something"

same() {
  expect 0 "$STASH" restore -r "$R" latest --target "$T/to" --verify
  diff -r "$T/data" "$T/to$T/data" || fail "restored wrongly $1"
  expect 0 "$STASH" check -r "$R" --read-data
  rm -rf "$T/to"
}
same "with a new index"
index=$(echo "$T"/cache/*.index)
[ "$(stat -c %a "$T/cache" "$index" | tr '\n' ' ')" = "700 600 " ] || fail "it is not private"
before=$(stat -c %i "$index")
same "with a kept index"
[ "$before" = "$(stat -c %i "$index")" ] || fail "it was made again for no reason"
printf x | dd of="$index" bs=1 seek=200 conv=notrunc status=none
same "with a damaged index"
[ "$before" != "$(stat -c %i "$index")" ] || fail "the damaged one was kept"
truncate -s 100 "$index"
same "with a cut index"
head -c 30000 /dev/urandom >"$T/data/new"
expect 0 "$STASH" backup -r "$R" "$T/data" --host h
same "after another backup"
# Root may write anywhere; to others a directory can be closed.
rm -rf "$T/cache" && : >"$T/cache"
same "where none can be kept"
