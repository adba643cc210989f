#!/usr/bin/env bash
# Builds the programs of the test cluster from their Go modules and prints the folder that holds them.
#
#   build.sh [NAME ...]   kubernetes etcd coredns pushgateway minio (default: all of them)
#
# go/<name>/go.mod and go.sum pin every module. A build is kept in ${STASH_CACHE:-~/.cache/stash}/<name>-<hash> and is
# made again only when its module files or flags change; the printed folder bin-<hash> holds links to the builds asked
# for, so that two checkouts of different versions never see each other's programs. Static, stripped, no cgo: each
# program is also the whole content of an image. From cold caches all of it takes 20 minutes of processor time, so 10 on
# 2 idle cores; the programs take 0.7 GB, Go's own caches 2 GB of modules and 5 GB of objects (go clean -cache).
set -euo pipefail
shopt -s inherit_errexit
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cache=${STASH_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/stash}
export CGO_ENABLED=0 GOTOOLCHAIN=local GOFLAGS="-buildvcs=false -mod=readonly"

say() { printf 'cluster: %s\n' "$*" >&2; }

# recipe NAME: sets package (what go builds), stamp (linker flags that set versions), version, and about (time on two
# idle cores from empty Go caches).
recipe() {
  stamp=
  case $1 in
    kubernetes)
      package=tool version=1.34.4 about="6 minutes"
      local p
      for p in k8s.io/component-base/version k8s.io/client-go/pkg/version; do
        stamp+=" -X $p.gitVersion=v$version -X $p.gitMajor=1 -X $p.gitMinor=34"
      done
      ;;
    etcd) package=go.etcd.io/etcd/server/v3 version=3.6.4 about="half a minute" ;;
    coredns) package=. version=1.12.4 about="1 minute" ;;
    pushgateway)
      package=tool version=1.11.1 about="half a minute"
      stamp=" -X github.com/prometheus/common/version.Version=$version"
      ;;
    minio) package=tool version=2026-02-12 about="2 minutes" ;;
    *) say "unknown program $1; known: kubernetes etcd coredns pushgateway minio"; exit 2 ;;
  esac
}

need_go() {
  local found
  found=$(go env GOVERSION 2>/dev/null) || found=go0
  if [ "$(printf 'go1.25\n%s\n' "$found" | sort -V | head -1)" != go1.25 ]; then
    say "Go 1.25 or later is needed to build Kubernetes; on PATH: ${found/go0/none}"
    exit 1
  fi
}

# build NAME: prints the folder of the build, which it makes if it is not there
build() {
  local package stamp version about hash folder start
  recipe "$1"
  hash=$({
    echo "$package $stamp"
    find "$here/go/$1" -type f -print0 | sort -z | xargs -0 cat
  } | sha256sum | cut -c1-12)
  folder=$cache/$1-$hash
  if [ ! -d "$folder" ]; then
    need_go
    say "building $1 $version from its Go module, about $about on 2 cores from cold caches ..."
    start=$SECONDS
    rm -rf "$folder.part"
    mkdir -p "$folder.part"
    if ! (cd "$here/go/$1" && go build -ldflags "-s -w$stamp" -o "$folder.part/" "$package") >"$folder.log" 2>&1; then
      tail -20 "$folder.log" >&2
      say "$1 was not built; all that go said is in $folder.log"
      exit 1
    fi
    rm "$folder.log"
    [ "$1" != etcd ] || mv "$folder.part/server" "$folder.part/etcd"
    mv "$folder.part" "$folder"
    say "built $1 in $((SECONDS - start)) s, $(du -sm "$folder" | cut -f1) MB in $folder"
  fi
  echo "$folder"
}

mkdir -p "$cache"
exec 9>"$cache/.build.lock"
flock 9
[ $# -gt 0 ] || set -- kubernetes etcd coredns pushgateway minio
folders=()
for name in "$@"; do
  folder=$(build "$name")
  folders+=("$folder")
done
bin=$cache/bin-$(printf '%s\n' "${folders[@]}" | sort | sha256sum | cut -c1-12)
if [ ! -d "$bin" ]; then
  rm -rf "$bin.part"
  mkdir "$bin.part"
  for folder in "${folders[@]}"; do ln -s --relative "$folder"/* "$bin.part/"; done
  mv "$bin.part" "$bin"
fi
echo "$bin"
