#!/usr/bin/env bash
# Installs the Debian 12 packages that building and testing need. Says nothing and takes no time when all are there.
# No service of a package is started: the tests start what they need, in namespaces of their own.
set -euo pipefail

build=(clang-16 lld-16 llvm-16 libclang-rt-16-dev clang-tidy-16 clang-format-16 clang-tools-16 cmake ninja-build ccache
  libboost1.81-dev libssl-dev rapidjson-dev libcli11-dev libxxhash-dev liblz4-dev libfmt-dev libyaml-cpp-dev
  libgtest-dev libgmock-dev libbenchmark-dev binutils git python3 ca-certificates openssl file zstd attr acl strace)
cluster=(containerd runc containernetworking-plugins docker-registry iptables conntrack ethtool socat busybox-static
  iproute2 util-linux procps curl jq)

say() { printf 'deps: %s\n' "$*" >&2; }

missing() {
  local installed package
  installed=$(dpkg-query -W -f '${db:Status-Status} ${Package}\n' "${build[@]}" "${cluster[@]}" 2>/dev/null || true)
  for package in "${build[@]}" "${cluster[@]}"; do
    case $'\n'$installed$'\n' in *$'\n'"installed $package"$'\n'*) continue ;; esac
    # Docker's own package containerd.io brings both, and cannot live beside Debian's.
    case $package in containerd | runc) ! command -v "$package" >/dev/null || continue ;; esac
    echo "$package"
  done
}

# Keeps the services of packages from starting, until allow_services puts back what was there.
policy=/usr/sbin/policy-rc.d
forbid_services() {
  saved=$(mktemp -d)
  trap allow_services EXIT
  [ ! -e "$policy" ] || mv "$policy" "$saved/"
  printf '#!/bin/sh\nexit 101\n' >"$policy"
  chmod 755 "$policy"
}
allow_services() {
  rm -f "$policy"
  [ ! -e "$saved/policy-rc.d" ] || mv "$saved/policy-rc.d" "$policy"
  rm -rf "$saved"
}

install() { # PACKAGE...
  local log
  command -v apt-get >/dev/null || { say "Debian 12 is needed, or these by hand: $*"; exit 1; }
  [ "$(id -u)" = 0 ] || { say "root is needed to install $*"; exit 1; }
  say "installing $*"
  log=$(mktemp -t stash-deps-XXXXXX.log)
  forbid_services
  if ! { apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "$@"; } \
    >"$log" 2>&1 </dev/null; then
    tail -20 "$log" >&2
    say "apt-get did not install them; all that it said is in $log"
    exit 1
  fi
  rm "$log"
}

mapfile -t wanted < <(missing)
[ ${#wanted[@]} = 0 ] || install "${wanted[@]}"
found=$(go env GOVERSION 2>/dev/null) || found=go0
if [ "$(printf 'go1.25\n%s\n' "$found" | sort -V | head -1)" != go1.25 ]; then
  say "Go 1.25 or later is needed to build the programs of the test cluster, Debian 12 has an older one; on PATH: ${found/go0/none}"
  exit 1
fi
