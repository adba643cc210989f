#!/usr/bin/env bash
# What was backed up comes back: bytes, modes, owners, times, links, holes.
. "$(dirname "$0")/lib.sh"
mkdir -p "$T/data/dir" && cd "$T/data"
head -c 3000000 /dev/urandom >big
printf 'small' >dir/small
: >empty
ln -s dir/small link
ln big hard
mkfifo fifo
truncate -s 5M sparse && printf end >>sparse
printf x >"$(printf 'odd\xff\nname')"
chmod 0640 dir/small && chmod 2750 dir
touch -d '2001-02-03 04:05:06.789012345' dir/small && touch -h -d '1969-12-31 23:59:58.5' link

expect 0 "$STASH" init -r "$R"
expect 0 "$STASH" backup -r "$R" "$T/data" --host h --tag nightly
expect 0 "$STASH" backup -r "$R" "$T/data" --host h --json
expect 0 "$STASH" snapshots -r "$R"
says "2 snapshots"
expect 0 "$STASH" restore -r "$R" latest --target "$T/to" --verify
manifest() { (cd "$1" && find . -printf '%p %y %m %U %G %s %T@ %n %l\n' | sort && find . -type f -print0 | sort -z | xargs -0 sha256sum); }
diff <(manifest "$T/data") <(manifest "$T/to$T/data") || fail "the trees differ"
[ "$(stat -c %i "$T/to$T/data/big")" = "$(stat -c %i "$T/to$T/data/hard")" ] || fail "the hard link is gone"
[ "$(stat -c %b "$T/to$T/data/sparse")" -lt 1000 ] || fail "the hole was filled"
expect 0 "$STASH" check -r "$R" --read-data
expect 0 "$STASH" ls -r "$R" latest
says "$T/data/dir/small"
expect 0 "$STASH" find -r "$R" small
says "$T/data/dir/small"
expect 0 "$STASH" dump -r "$R" latest "$T/data/dir/small"
[ "$(cat "$T/out")" = small ] || fail "dump gives other bytes"
expect 0 "$STASH" stats -r "$R" --json
expect 0 "$STASH" forget -r "$R" --keep-last 1 --prune
says "1 snapshots kept, 1 removed"
expect 0 "$STASH" check -r "$R"
