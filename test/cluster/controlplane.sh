#!/usr/bin/env bash
# etcd, kube-apiserver and kube-controller-manager on free ports of the loopback, without a node: for tests of label
# `server`. Ready after about 3 s. Does not need root.
#
#   controlplane.sh DIR [--no-controllers]
#
# Runs in the foreground and prints "ready KUBECONFIG" on standard output once the API answers. It ends with all its
# programs, and removes DIR if that was absent or empty, when its standard input closes (so also when its parent has
# gone) or on SIGTERM, SIGINT or SIGHUP; killed outright, its programs go with it. The line "restart" on standard input
# kills the API server and starts it again on the same port, answered by "restarted" before it is ready.
set -euo pipefail
shopt -s inherit_errexit
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$here/pki.sh"
. "$here/components.sh"

say() { printf 'control plane: %s\n' "$*" >&2; }
[ $# -ge 1 ] || { say "usage: controlplane.sh DIR [--no-controllers]"; exit 2; }
folder=$(mkdir -p "$1" && cd "$1" && pwd)
remove=
[ -n "$(ls -A "$folder")" ] || remove=$folder
controllers=${2:-}
BIN=$("$here/build.sh" kubernetes etcd)
PKI=$folder/pki

declare -A running
stop() {
  trap '' TERM INT HUP EXIT
  exec 2>/dev/null # of the shell's word about each killed program
  kill -KILL "${running[@]}" 2>/dev/null || true
  wait
  [ -z "$remove" ] || rm -rf "$remove"
}
trap stop EXIT
trap 'exit 1' TERM INT HUP

start() { # NAME COMMAND...
  local name=$1
  shift
  setpriv --pdeathsig KILL -- "$@" </dev/null >>"$folder/logs/$name.log" 2>&1 &
  running[$name]=$!
}

end() { # NAME
  kill -KILL "${running[$1]}" 2>/dev/null || true
  wait "${running[$1]}" 2>/dev/null || true
}

free_ports() { # COUNT: distinct ones, held open at the same time
  python3 -c '
import socket, sys
held = [socket.create_server(("127.0.0.1", 0)) for _ in range(int(sys.argv[1]))]
print(*(each.getsockname()[1] for each in held))' "$1"
}

api() { # PATH: asks the API server; curl starts much faster than kubectl
  curl -sf --max-time 2 --cacert "$PKI/ca.crt" --cert "$PKI/admin.crt" --key "$PKI/admin.key" \
    "https://127.0.0.1:$port$1"
}

until_ready() {
  for _ in $(seq 1200); do
    api /readyz >/dev/null 2>&1 && api /api/v1/namespaces/default >/dev/null 2>&1 && return
    kill -0 "${running[etcd]}" "${running[kube-apiserver]}" 2>/dev/null || break
    sleep 0.05
  done
  tail -n 10 "$folder"/logs/*.log >&2
  say "the API server did not get ready"
  exit 1
}

read -r port etcd peer <<<"$(free_ports 3)"
mkdir -p "$folder/logs" "$PKI"
mapfile -t flags < <(etcd_flags "$folder/etcd" "$etcd" "$peer")
start etcd "$BIN/etcd" "${flags[@]}"
(cd "$PKI" && control_plane_pki "https://127.0.0.1:$port")
mapfile -t api_flags < <(apiserver_flags "$PKI" "$etcd" 127.0.0.1 "$port" && echo --bind-address=127.0.0.1)
start kube-apiserver "$BIN/kube-apiserver" "${api_flags[@]}"
until_ready
if [ "$controllers" != --no-controllers ]; then
  mapfile -t flags < <(controller_manager_flags "$PKI")
  start kube-controller-manager "$BIN/kube-controller-manager" "${flags[@]}" --secure-port=0
fi
echo "ready $PKI/admin.kubeconfig"
while read -r line; do
  case $line in
    restart)
      end kube-apiserver
      start kube-apiserver "$BIN/kube-apiserver" "${api_flags[@]}"
      echo restarted
      ;;
    *) say "unknown line '$line'; known: restart" ;;
  esac
done
