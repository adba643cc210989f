#!/usr/bin/env bash
# Starts the project's own one-node Kubernetes cluster and prints its folder, kubeconfig and times.
#
#   up.sh DIR [--owner PID]
#
# etcd, API server, kubelet, containerd and every container live in network, mount, pid, uts and ipc namespaces of
# their own: ending the init of these namespaces (down.sh, or the watchdog once PID has gone) ends all of it, and all
# mounts, interfaces and rules go with the namespaces. Only the cgroups are left to remove, which the watchdog does.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
RUN=$(mkdir -p "$1" && cd "$1" && pwd)
owner=
[ "${2:-}" = --owner ] && owner=$3
[ -f "$RUN/pid" ] && kill -0 "$(cat "$RUN/pid")" 2>/dev/null && { echo "cluster: already up in $RUN" >&2; exit 0; }
started=$(date +%s%N)
took() { echo "$((($(date +%s%N) - started) / 1000000)) ms"; }

# A free number for the interface and the subnet, so that several clusters can live side by side.
for ID in $(seq 0 50) none; do [ "$ID" = none ] || ! ip link show "stash$ID" >/dev/null 2>&1 && break; done
[ "$ID" != none ] || { echo "cluster: no free interface name stash0..stash50" >&2; exit 1; }
cache=${STASH_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/stash}
HOST=10.199.$ID.1 NODE=10.199.$ID.2 PKI=$RUN/pki BIN=$("$here/build.sh")
export RUN PKI BIN NODE HOST ID
mkdir -p "$RUN/logs" "$RUN/images" "$PKI"
. "$here/pki.sh"
. "$here/images.sh"
(cd "$PKI" && control_plane_pki "https://$NODE:6443" "IP:$NODE")
[ -f "$RUN/images/minio.tar" ] || base_images >"$RUN/logs/images.log"
ln -sf pki/admin.kubeconfig "$RUN/kubeconfig"

setsid unshare --net --mount --pid --uts --ipc --fork --mount-proc --kill-child bash "$here/node.sh" \
  >"$RUN/logs/node.log" 2>&1 </dev/null &
outer=$!
for _ in $(seq 100); do pid=$(pgrep -P "$outer" | head -1) && [ -n "$pid" ] && break; sleep 0.05; done
echo "$pid" >"$RUN/pid"
echo "$ID" >"$RUN/id"
ip link add "stash$ID" type veth peer name eth0 netns "/proc/$pid/ns/net"
ip addr add "$HOST/24" dev "stash$ID"
ip link set "stash$ID" up
setsid bash "$here/watchdog.sh" "$outer" "$pid" "$ID" "$owner" </dev/null >/dev/null 2>&1 &

K=("$BIN/kubectl" --kubeconfig "$RUN/kubeconfig")
until_ok() { # WHAT SECONDS COMMAND...
  local what=$1 tries=$(($2 * 10))
  shift 2
  for _ in $(seq "$tries"); do
    "$@" >/dev/null 2>&1 && { echo "cluster: $what after $(took)" >&2; return; }
    kill -0 "$pid" 2>/dev/null || break
    sleep 0.1
  done
  echo "cluster: no $what; see $RUN/logs" >&2
  tail -n 5 "$RUN"/logs/*.log >&2
  exit 1
}
node_ready() { [ "$("${K[@]}" get node node0 -o 'jsonpath={.status.conditions[?(@.type=="Ready")].status}')" = True ]; }
until_ok "API server" 60 "${K[@]}" get --raw /readyz
"${K[@]}" apply -f "$here/standard.yaml" >/dev/null
until_ok "Ready node" 60 node_ready
until_ok "DNS" 30 curl -sf --max-time 1 "http://$NODE:8181/ready"
until_ok "ServiceAccount default" 30 "${K[@]}" get serviceaccount default
echo "$RUN/kubeconfig"
