#!/usr/bin/env bash
# etcd + kube-apiserver + kube-controller-manager on loopback, no node: for tests of label `server`.
#
#   controlplane.sh DIR [--no-controllers]
#
# Runs in the foreground, prints "ready KUBECONFIG" on standard output when the API answers, and ends with all its
# programs when its standard input closes (so it also ends when its parent dies) or on a signal. Ports are free ones.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
RUN=$(mkdir -p "$1" && cd "$1" && pwd)
PKI=$RUN/pki
BIN=$("$here/build.sh" kubernetes etcd)
. "$here/pki.sh"
. "$here/components.sh"
mkdir -p "$RUN/logs" "$PKI"

free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
etcd=$(free_port)
peer=$(free_port)
api=$(free_port)
(cd "$PKI" && control_plane_pki "https://127.0.0.1:$api" "")

pids=()
stop() {
  trap '' TERM INT HUP EXIT
  kill "${pids[@]}" 2>/dev/null || true
  wait 2>/dev/null || true
}
trap stop EXIT
trap 'exit 1' TERM INT HUP

# shellcheck disable=SC2046  # the flags hold no spaces
start() { local name=$1; shift; "$@" >>"$RUN/logs/$name.log" 2>&1 & pids+=($!); echo $! >"$RUN/$name.pid"; }
start etcd "$BIN/etcd" $(etcd_flags "$etcd" "$peer")
start kube-apiserver "$BIN/kube-apiserver" $(apiserver_flags "$etcd" 127.0.0.1 "$api") --bind-address=127.0.0.1 --cert-dir="$RUN"
K=("$BIN/kubectl" --kubeconfig "$PKI/admin.kubeconfig")
for i in $(seq 300); do
  "${K[@]}" get --raw /readyz >/dev/null 2>&1 && break
  [ "$i" = 300 ] && { tail -20 "$RUN/logs/kube-apiserver.log" >&2; echo "control plane: the API server did not get ready" >&2; exit 1; }
  sleep 0.1
done
if [ "${2:-}" != --no-controllers ]; then
  start kube-controller-manager "$BIN/kube-controller-manager" $(controller_manager_flags) --secure-port=0
fi
for i in $(seq 100); do "${K[@]}" get namespace default >/dev/null 2>&1 && break; sleep 0.1; done
echo "ready $PKI/admin.kubeconfig"
# Ends at end of input. A command line on it restarts the API server, as a test of healing needs: "restart".
while read -r line; do
  [ "$line" = restart ] || continue
  kill "$(cat "$RUN/kube-apiserver.pid")" 2>/dev/null || true
  wait "$(cat "$RUN/kube-apiserver.pid")" 2>/dev/null || true
  start kube-apiserver "$BIN/kube-apiserver" $(apiserver_flags "$etcd" 127.0.0.1 "$api") --bind-address=127.0.0.1 --cert-dir="$RUN"
  echo restarted
done
