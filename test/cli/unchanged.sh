#!/usr/bin/env bash
# A second backup of files that did not change reads none of them and stores next to nothing.
. "$(dirname "$0")/lib.sh"
# Files of the system: what changed within the last two seconds would be read again by rule.
data=/usr/share/common-licenses
expect 0 "$STASH" init -r "$R"
expect 0 "$STASH" backup -r "$R" "$data" --host h
expect 0 "$STASH" backup -r "$R" "$data" --host h --json
grep -q '"files_new":0,"files_changed":0,' "$T/out" || { cat "$T/out"; fail "files count as changed"; }
grep -q '"data_blobs":0,"data_added":0,' "$T/out" || { cat "$T/out"; fail "something was stored again"; }
