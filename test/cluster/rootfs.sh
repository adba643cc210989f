#!/usr/bin/env bash
# Lays out the root filesystem of the stash image: what the Dockerfile copies, and what the test cluster runs.
#
#   rootfs.sh BINARY DIR     e.g. test/cluster/rootfs.sh build/release/stash build/image
set -euo pipefail
[ $# = 2 ] || { echo "usage: rootfs.sh BINARY DIR" >&2; exit 2; }
umask 022
rm -rf "$2"
mkdir -p "$2/bin" "$2/etc/ssl/certs" "$2/tmp"
chmod 1777 "$2/tmp"
strip --strip-all -o "$2/bin/stash" "$1"
# The name by which the binary is called is its role.
for role in operator sidecar init trigger; do ln -s stash "$2/bin/stash-$role"; done
# Object stores with public certificates are verified against these.
install -m 644 /etc/ssl/certs/ca-certificates.crt "$2/etc/ssl/certs/"
