#!/usr/bin/env bash
# Builds or installs the peers that the benchmark compares with, pinned, and prints the folder that holds them.
#
#   build.sh [NAME ...]   restic kopia rustic borg (default: all of them)
#
# Kept in ${STASH_CACHE:-~/.cache/stash}/peer-<name>-<version>. From cold caches on 2 cores: restic 3 minutes, kopia 4,
# rustic 15, borg 1.
set -euo pipefail
shopt -s inherit_errexit
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cache=${STASH_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/stash}
rustic=0.11.4 borg=1.4.3

say() { printf 'peers: %s\n' "$*" >&2; }
version() {
  case $1 in
    restic | kopia) sed -n "s|^	github.com/$1/$1 v\([^ ]*\).*|\1|p" "$here/$1/go.mod" ;;
    rustic) echo "$rustic" ;;
    borg) echo "$borg" ;;
    *) say "unknown peer $1; known: restic kopia rustic borg"; exit 2 ;;
  esac
}
make_restic() { (cd "$here/restic" && CGO_ENABLED=0 go build -buildvcs=false -mod=readonly -ldflags "-s -w" -o "$1/" tool); }
make_kopia() { (cd "$here/kopia" && CGO_ENABLED=0 go build -buildvcs=false -mod=readonly -ldflags "-s -w" -o "$1/" tool); }
make_rustic() {
  command -v cargo >/dev/null || { say "rustic needs cargo (rustup) on the PATH"; return 1; }
  cargo install --locked --root "$1" --no-track "rustic-rs@$rustic" && mv "$1/bin/rustic" "$1/rustic" && rmdir "$1/bin"
}
make_borg() {
  # Built against the system's libraries, for the Python that runs this.
  DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
    python3-venv python3-dev libacl1-dev libssl-dev liblz4-dev libzstd-dev libxxhash-dev pkg-config gcc
  /usr/bin/python3 -m venv "$1/venv"
  "$1/venv/bin/pip" install --quiet "borgbackup==$borg"
  ln -s venv/bin/borg "$1/borg"
}

build() {
  local folder begun=$SECONDS
  folder=$cache/peer-$1-$(version "$1")
  if [ ! -d "$folder" ]; then
    say "building $1 $(version "$1") ..."
    # In its place from the start: a Python environment cannot be moved.
    mkdir -p "$folder"
    if ! "make_$1" "$folder" >"$folder.log" 2>&1; then
      tail -20 "$folder.log" >&2
      rm -rf "$folder"
      say "$1 was not built; all that was said is in $folder.log"
      exit 1
    fi
    say "built $1 in $((SECONDS - begun)) s"
  fi
  echo "$folder/$1"
}

mkdir -p "$cache"
exec 9>"$cache/.peers.lock"
flock 9
[ $# -gt 0 ] || set -- restic kopia rustic borg
bin=$cache/peers
mkdir -p "$bin"
for name in "$@"; do
  program=$(build "$name")
  ln -sfn "$program" "$bin/$name"
done
echo "$bin"
