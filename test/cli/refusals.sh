#!/usr/bin/env bash
# Wrong input gets a sentence and its exit code, and changes nothing.
. "$(dirname "$0")/lib.sh"
mkdir "$T/data" && echo hi >"$T/data/file"

expect 2 "$STASH" nonsense
says 'there is no command "nonsense"'
expect 2 "$STASH" help nonsense
says 'there is no command "nonsense"'
expect 0 "$STASH" help backup
says "--exclude-file"
expect 2 "$STASH" backup -r "$R" --no-such-flag
expect 2 "$STASH" backup -r "$R"
says "no path is given"
expect 2 "$STASH" snapshots
says "STASH_REPOSITORY"
expect 2 "$STASH" snapshots -r "$R" --memory 47MiB
says "--memory 47.000 MiB is too little"
expect 10 "$STASH" snapshots -r "$R"
says "there is no repository at $R"

expect 0 "$STASH" init -r "$R"
expect 1 "$STASH" init -r "$R"
STASH_PASSWORD=wrong expect 12 "$STASH" snapshots -r "$R"
says "password"
expect 1 "$STASH" backup -r "$R" "$T/missing"
says "$T/missing"
mkdir "$T/nothing"
expect 1 "$STASH" backup -r "$R" "$T/nothing"
says "empty"
expect 0 "$STASH" backup -r "$R" "$T/nothing" --allow-empty
expect 1 "$STASH" restore -r "$R" ffffffff --target "$T/to"
expect 2 "$STASH" restore -r "$R" latest
expect 2 "$STASH" forget -r "$R"
expect 2 "$STASH" repair everything -r "$R"
says "want index, pack"
expect 2 "$STASH" repair pack -r "$R" --forget
expect 1 "$STASH" repair pack -r "$R" nonsense
says "is no pack"
expect 1 "$STASH" undelete -r "$R"
says "only buckets with versions"
expect 1 "$STASH" recover -r "$R" abcd
for subset in 0/3 4/3 1/ 0% 101% x 3.5 -1%; do
  expect 2 "$STASH" check -r "$R" --read-data-subset="$subset"
done
for subset in 1/3 3/3 0.5% 100% 500M 1GiB; do
  expect 0 "$STASH" check -r "$R" --read-data-subset "$subset"
done
for share in -1 nan inf 100.1 5x; do
  expect 2 "$STASH" prune -r "$R" --max-unused="$share"
  says "is not a percentage from 0 to 100"
done
for share in 0 100 2.5 5%; do expect 0 "$STASH" prune -r "$R" --max-unused "$share" --dry-run; done
for kdf in argon2 Raw; do
  expect 2 "$STASH" init -r "$T/other" --kdf="$kdf"
  says "is none of auto, raw, scrypt"
done
expect 2 "$STASH" operator --port 65536
says "--port"
for replicas in 0 -1 2147483648; do
  expect 2 "$STASH" install --replicas="$replicas"
  says "replicas"
done
expect 2 "$STASH" install --namespace Stash
says '"Stash" is not a name'
expect 1 "$STASH" snapshots -r sftp:host:/x
says "this version cannot open"

# Repositories of other tools are not touched.
mkdir -p "$T/restic/keys" "$T/restic/data" "$T/restic/snapshots"
head -c 155 /dev/urandom >"$T/restic/config"
: >"$T/restic/keys/$(head -c 32 /dev/zero | sha256sum | cut -c1-64)"
before=$(find "$T/restic" -type f | sort | xargs sha256sum)
expect 1 "$STASH" init -r "$T/restic"
says "restic"
[ "$before" = "$(find "$T/restic" -type f | sort | xargs sha256sum)" ] || fail "the restic repository was changed"
mkdir -p "$T/kopia" && echo '{"tool":"kopia"}' >"$T/kopia/kopia.repository.f"
expect 1 "$STASH" init -r "$T/kopia"
says "kopia"
mkdir -p "$T/borg/data" && printf '[repository]\nversion = 1\nid = 0\n' >"$T/borg/config"
printf 'This is a Borg Backup repository.\n' >"$T/borg/README"
expect 1 "$STASH" init -r "$T/borg"
says "borg"
