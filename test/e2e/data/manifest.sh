# Runs in a container with busybox: prints every entry below DIR with type, mode, owner, size, links, modification time in
# nanoseconds, target of a link, and the digest of its bytes. Argument: DIR
set -eu
cd "$1"
find . | sort
find . -exec stat -c '%n|%F|%a|%u:%g|%h|%y' {} + | sort
find . ! -type d -exec stat -c '%n|%s' {} + | sort
find . -type l -exec readlink -v {} \; | sort
find . -type f -exec sha256sum {} + | sort
