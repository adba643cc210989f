#!/usr/bin/env bash
# One static position-independent binary of at most 9 MB stripped, which knows its role by its name.
. "$(dirname "$0")/lib.sh"
file -L "$STASH" | grep -q 'static-pie linked' || fail "not static-pie: $(file -L "$STASH")"
strip -o "$T/stripped" "$STASH"
size=$(stat -c %s "$T/stripped")
[ "$size" -le 9000000 ] || fail "$size bytes stripped, 9000000 are the limit"
expect 0 "$STASH" --version
says "stash "
for role in operator sidecar init trigger; do
  ln -s "$STASH" "$T/stash-$role"
  expect 0 "$T/stash-$role" --help
done
expect 0 "$STASH" install
says "kind: CustomResourceDefinition"
mv "$T/out" "$T/all"
expect 0 "$STASH" install --crds --operator
cmp "$T/out" "$T/all" || fail "both parts are not all"
