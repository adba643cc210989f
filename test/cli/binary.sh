#!/usr/bin/env bash
# One static position-independent binary that knows its role by its name; its stripped size is printed.
. "$(dirname "$0")/lib.sh"
file -L "$STASH" | grep -q 'static-pie linked' || fail "not static-pie: $(file -L "$STASH")"
strip -o "$T/stripped" "$STASH"
echo "stripped: $(stat -c %s "$T/stripped") bytes"
expect 0 "$STASH" --version
says "stash "
for role in operator sidecar init trigger; do
  ln -s "$STASH" "$T/stash-$role"
  expect 0 "$T/stash-$role" --help
done
expect 0 "$STASH" install
says "kind: CustomResourceDefinition"
