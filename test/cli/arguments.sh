#!/usr/bin/env bash
# Arguments are taken as they are given: brackets, commas and braces are parts of names.
. "$(dirname "$0")/lib.sh"
mkdir "$T/data" && cd "$T/data"
touch a b ab id '[id]' '[a,b]' '{}'
expect 0 "$STASH" init -r "$R"
expect 0 "$STASH" backup -r "$R" '[id]' '[a,b]' '{}'
expect 0 "$STASH" ls -r "$R" latest
for name in '[id]' '[a,b]' '{}'; do says "$T/data/$name"; done
! grep -qE '/(id|a|b)$' "$T/out" || fail "other files were backed up"
expect 0 "$STASH" ls -r "$R" latest "$T/data/[id]"

expect 0 "$STASH" backup -r "$R" "$T/data" --exclude '[ab]' --exclude='[i]d'
expect 0 "$STASH" ls -r "$R" latest
says "$T/data/ab"
! grep -qE '/(id|a|b)$' "$T/out" || fail "what is excluded was backed up"
expect 0 "$STASH" restore -r "$R" latest --target "$T/to" --include '[[]id]'
[ "$(cd "$T/to$T/data" && echo *)" = '[id]' ] || fail "other files were restored"

expect 0 "$STASH" backup -r "$R" "$T/data"
id=$(sed -n 's/^snapshot \(.*\) saved$/\1/p' "$T/out")
expect 0 "$STASH" find -r "$R" --snapshot "$id" '[ab]'
says "2 entries found"

expect 0 "$STASH" backup -r "$R" --stdin-from-command --stdin-filename words -- printf '%s\n' '["a","b"]' '[x]' '{}'
expect 0 "$STASH" dump -r "$R" latest /words
[ "$(cat "$T/out")" = "$(printf '%s\n' '["a","b"]' '[x]' '{}')" ] || fail "the command got other arguments"
