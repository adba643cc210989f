#!/usr/bin/env bash
# Any of several passwords opens a repository; one that was changed or removed does not any more.
. "$(dirname "$0")/lib.sh"
echo battery-staple >"$T/second"
echo hunter-two >"$T/third"
head -c 32 /dev/urandom | od -An -vtx1 | tr -d ' \n' >"$T/machine"
# with CODE FILE: how a command ends with the password in it
with() { expect "$1" "$STASH" snapshots -r "$R" --password-file "$2"; }
id_of() { sed -n "s/^$1 key //p" "$T/out"; }
expect 0 "$STASH" init -r "$R"

expect 0 "$STASH" key add -r "$R" --new-password-file "$T/second" --label laptop
second=$(id_of added)
expect 0 "$STASH" snapshots -r "$R"
with 0 "$T/second"
expect 0 "$STASH" key list -r "$R"
grep -qE "^ *$second .* scrypt +laptop$" "$T/out" || fail "the new key is not in the list"
expect 1 "$STASH" key remove -r "$R" "$second" --password-file "$T/second"
with 0 "$T/second"
expect 0 "$STASH" key remove -r "$R" "$second"
with 12 "$T/second"
expect 0 "$STASH" snapshots -r "$R"

expect 0 "$STASH" key passwd -r "$R" --new-password-file "$T/third"
with 0 "$T/third"
expect 12 "$STASH" snapshots -r "$R"
expect 0 "$STASH" key list -r "$R" --password-file "$T/third" --json
[ "$(grep -o '"id"' "$T/out" | wc -l)" = 1 ] || fail "the key of the old password is still there"

# What a machine made needs no key derivation, unless it is asked for.
expect 0 "$STASH" init -r "$T/raw" --password-file "$T/machine"
expect 0 "$STASH" key list -r "$T/raw" --password-file "$T/machine" --json
says '"kdf":"raw"'
expect 0 "$STASH" init -r "$T/slow" --password-file "$T/machine" --kdf scrypt
expect 0 "$STASH" key list -r "$T/slow" --password-file "$T/machine" --json
says '"kdf":"scrypt"'
expect 0 "$STASH" key add -r "$R" --password-file "$T/third" --new-password-file "$T/machine"
expect 0 "$STASH" key list -r "$R" --password-file "$T/machine" --json
says '"kdf":"scrypt"'
says '"kdf":"raw"'
expect 1 "$STASH" key add -r "$R" --password-file "$T/third" --new-password-file "$T/second" --kdf raw
says "256 bits"
