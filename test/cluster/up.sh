#!/usr/bin/env bash
# Starts the project's own one-node Kubernetes cluster and prints the path of its kubeconfig.
#
#   up.sh [DIR] [--owner PID]     DIR: all of its state, default ~/.cache/stash/cluster; removed by down.sh DIR
#
# With --owner the cluster ends when that process ends, however it ends. etcd, API server, kubelet, containerd and all
# containers live in namespaces and below a root folder of their own (keeper.py, node/root.sh). Needs root.
# About 8 s once the programs are built (build.sh).
set -euo pipefail
shopt -s inherit_errexit
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cache=${STASH_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/stash}
. "$here/images.sh"

say() { printf 'cluster: %s\n' "$*" >&2; }
usage() { say "usage: up.sh [DIR] [--owner PID]"; exit 2; }

folder=$cache/cluster owner=0
if [ $# -gt 0 ] && [ "$1" != --owner ]; then folder=$1; shift; fi
if [ "${1:-}" = --owner ]; then owner=${2:?}; shift 2; fi
[ $# = 0 ] || usage
[ "$(id -u)" = 0 ] || { say "root is needed to make namespaces, mounts and cgroups"; exit 1; }

folder=$(realpath -m "$folder")
if [ -e "$folder/ready" ] && grep -qz keeper.py "/proc/$(cat "$folder/keeper")/cmdline" 2>/dev/null; then
  say "already up in $folder"
  echo "$folder/kubeconfig"
  exit
fi
if [ -e "$folder/keeper" ]; then # of a cluster that has ended
  rm -rf "$folder"
elif [ -n "$(ls -A "$folder" 2>/dev/null)" ]; then
  say "$folder is not empty and holds no cluster; give an empty or a new folder"
  exit 1
fi

BIN=$("$here/build.sh")
images=$(base_images "$BIN" "$cache")
started=$(date +%s%N)
took() { printf '%d.%d s' $((($(date +%s%N) - started) / 1000000000)) $((($(date +%s%N) - started) / 100000000 % 10)); }
# Absent in kernels that have them built in, and in those that have no bridge filter at all (node/node.sh copes).
modprobe -a overlay br_netfilter 2>/dev/null || true

install -d -m 700 "$folder"
mkdir "$folder/logs"
ln -s "$BIN" "$folder/bin"
ln -s root/etc/kubernetes/pki "$folder/pki"
ln -s pki/admin.kubeconfig "$folder/kubeconfig"
BIN=$BIN setsid python3 "$here/keeper.py" "$folder" $$ "$owner" </dev/null >"$folder/logs/keeper.log" 2>&1 &
keeper=$!
echo "$keeper" >"$folder/keeper"

fail() {
  say "no $1 after $(took)"
  tail -n 5 "$folder"/logs/*.log "$folder"/root/var/log/*.log 2>/dev/null | cut -c1-300 >&2
  exit 1 # the keeper, which watches this process, removes the cluster
}
until_ok() { # WHAT SECONDS COMMAND...
  local what=$1 limit=$((SECONDS + $2))
  shift 2
  until "$@" >/dev/null 2>&1; do
    kill -0 "$keeper" 2>/dev/null || fail "$what"
    [ "$SECONDS" -le "$limit" ] || fail "$what"
    sleep 0.05
  done
}
api() { # PATH: asks the API server; curl starts much faster than kubectl
  curl -sf --max-time 2 --cacert "$folder/pki/ca.crt" --cert "$folder/pki/admin.crt" --key "$folder/pki/admin.key" \
    "https://$node:6443$1"
}
node_ready() { api /api/v1/nodes/node0 | jq -e '.status.conditions[] | select(.type == "Ready").status == "True"'; }

until_ok "namespaces" 60 test -s "$folder/pid"
node=10.199.$(cat "$folder/id").2
echo "$node" >"$folder/address"
until_ok "registry" 120 curl -sf --max-time 1 "http://$node:5000/v2/"
python3 "$here/image.py" push "http://$node:5000" "$images"/*.tar &
push=$!
until_ok "API server" 240 api /readyz
say "API server after $(took)"
"$BIN/kubectl" --kubeconfig "$folder/kubeconfig" create -f "$here/standard.yaml" >/dev/null
until_ok "Ready node" 180 node_ready
say "node Ready after $(took)"
until_ok "DNS" 120 curl -sf --max-time 1 "http://$node:8181/ready"
until_ok "ServiceAccount default" 120 api /api/v1/namespaces/default/serviceaccounts/default
wait "$push" || fail "images"
touch "$folder/ready"
say "DNS, ServiceAccounts and images after $(took); export KUBECONFIG=$folder/kubeconfig"
echo "$folder/kubeconfig"
