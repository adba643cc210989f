#!/usr/bin/env bash
# A restore onto what is there: told first, then only what differs is written, in place.
. "$(dirname "$0")/lib.sh"
mkdir "$T/data"
head -c 8000000 /dev/urandom >"$T/data/image"
echo small >"$T/data/small"
expect 0 "$STASH" init -r "$R"
expect 0 "$STASH" backup -r "$R" "$T/data"
expect 0 "$STASH" restore -r "$R" latest --target "$T/to" --dry-run
says "+  $T/data/image"
says "3 entries would be created, 0 rewritten"
[ ! -e "$T/to" ] || fail "the dry run made the target"
expect 0 "$STASH" restore -r "$R" latest --target "$T/to"
inode=$(stat -c %i "$T/to$T/data/image")
printf changed | dd of="$T/to$T/data/image" bs=1 seek=4000000 conv=notrunc status=none
chmod 0600 "$T/to$T/data/small"
expect 0 "$STASH" restore -r "$R" latest --target "$T/to" --dry-run
says "M  $T/data/image"
says "U  $T/data/small"
says "0 entries would be created, 1 rewritten"
expect 0 "$STASH" restore -r "$R" latest --target "$T/to" --delta
says "1 of the files were changed in place"
cmp "$T/data/image" "$T/to$T/data/image" || fail "the content differs"
[ "$(stat -c %i "$T/to$T/data/image")" = "$inode" ] || fail "the file was written anew"
[ "$(stat -c %a "$T/to$T/data/small")" = "$(stat -c %a "$T/data/small")" ] || fail "the mode differs"
expect 0 "$STASH" restore -r "$R" latest --target "$T/to" --dry-run
says "0 entries would be created, 0 rewritten (0 B), 0 get other metadata, 3 are right"
