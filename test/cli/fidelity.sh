#!/usr/bin/env bash
# Whatever a file system holds comes back as it was, by an independent walk: names, paths longer than a system call takes, holes of
# terabytes, links, devices, sockets, attributes, access lists, flags, owners beyond 2^31, times before 1970; on the file system
# at hand and on one in memory, which takes attributes of 64 KiB. STASH_ENTRIES: size of the widest directory.
. "$(dirname "$0")/lib.sh"
tool=$(dirname "$(realpath "$0")")/fidelity.py
trap 'python3 "$tool" loosen "$T"; umount "$T/memory" 2>/dev/null || true; chmod -R u+rwX "$T" 2>/dev/null; rm -rf "$T"' EXIT

there_and_back() { # FOLDER ENTRIES
  local data=$1/data to=$1/to
  R=$1/repo
  python3 "$tool" make "$data" "$2"
  expect 0 "$STASH" init -r "$R" --kdf scrypt
  # Files made within the two seconds before a backup are read again by the next.
  for _ in $(seq 100); do
    expect 0 "$STASH" backup -r "$R" "$data"
    ! grep -qF "added 0 B (0 B stored)" "$T/out" "$T/err" || break
  done
  grep -qF "added 0 B (0 B stored)" "$T/out" "$T/err" || fail "an unchanged tree is stored again"
  expect 0 "$STASH" restore -r "$R" latest --target "$to" --verify
  python3 "$tool" compare "$data" "$to$data" || fail "the trees differ"
  # Again, onto what is there.
  expect 0 "$STASH" restore -r "$R" latest --target "$to" --verify
  python3 "$tool" compare "$data" "$to$data" || fail "the trees differ after a second restore"
  expect 0 "$STASH" check -r "$R" --read-data
}

there_and_back "$T" "${STASH_ENTRIES:-10000}"
mkdir "$T/memory"
if mount -t tmpfs -o size=1g tmpfs "$T/memory" 2>/dev/null; then there_and_back "$T/memory" 100; fi
