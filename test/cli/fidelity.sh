#!/usr/bin/env bash
# Whatever a file system holds comes back as it was, by an independent walk: names, holes of terabytes, links, devices,
# attributes, owners beyond 2^31, times before 1970. STASH_ENTRIES: size of the widest directory.
. "$(dirname "$0")/lib.sh"
tool=$(dirname "$(realpath "$0")")/fidelity.py
python3 "$tool" make "$T/data" "${STASH_ENTRIES:-3000}"
expect 0 "$STASH" init -r "$R" --kdf scrypt
expect 0 "$STASH" backup -r "$R" "$T/data"
expect 0 "$STASH" backup -r "$R" "$T/data"
says "added 0 B (0 B stored)"
expect 0 "$STASH" restore -r "$R" latest --target "$T/to" --verify
python3 "$tool" compare "$T/data" "$T/to$T/data" || fail "the trees differ"
# Again, onto what is there, and from the tar stream.
expect 0 "$STASH" restore -r "$R" latest --target "$T/to" --verify
python3 "$tool" compare "$T/data" "$T/to$T/data" || fail "the trees differ after a second restore"
expect 0 "$STASH" check -r "$R" --read-data
