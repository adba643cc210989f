# Sourced. What a test or a demonstration needs of the cluster.
#
#   cluster_up [DIR]           starts one that ends with this shell at the latest; sets CLUSTER, exports KUBECONFIG
#   cluster_use DIR            the same variables for a cluster that is up already
#   cluster_down               ends it; returns when nothing of it is left
#   k ARGS...                  kubectl of the cluster
#   wait_for WHAT SECONDS COMMAND...   repeats COMMAND until it succeeds and says how long that took, or fails
#                            with what it said last
#   load_stash BINARY          image stash:dev made from the binary, for every pod that starts from now on
#   load_image ARCHIVE         the same for an archive that image.py built
#   in_node COMMAND...         inside the node: its files, processes and network (ctr, /var/log, /tmp/hostpath_pv)
#   in_network COMMAND...      a program of the host in the node's network: reaches Services and pods by address
#   minio_up, minio            minio.sh
#   kill_component NAME        kills kube-apiserver, etcd, kubelet, ...: the node starts it again after half a second
# shellcheck shell=bash
cluster_scripts=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$cluster_scripts/images.sh"
. "$cluster_scripts/minio.sh"

cluster_up() {
  local folder=${1:-}
  [ -n "$folder" ] || folder=$(mktemp -u -t stash-cluster-XXXXXX)
  "$cluster_scripts/up.sh" "$folder" --owner $$ >/dev/null || return
  cluster_use "$folder"
}

cluster_use() {
  CLUSTER=$(cd "$1" && pwd)
  [ -e "$CLUSTER/ready" ] || { echo "cluster: $CLUSTER holds no running cluster" >&2; return 1; }
  export KUBECONFIG=$CLUSTER/kubeconfig
}

cluster_down() { "$cluster_scripts/down.sh" "$CLUSTER"; }

k() { "$CLUSTER/bin/kubectl" "$@"; }

wait_for() {
  local what=$1 limit=$(($2 * 1000000000)) start said
  shift 2
  said=$(mktemp)
  start=$(date +%s%N)
  until "$@" >"$said" 2>&1; do
    if [ $(($(date +%s%N) - start)) -gt "$limit" ]; then
      printf 'FAILED: %s within %d s; the last attempt said: %s\n' "$what" $((limit / 1000000000)) \
        "$(head -c 2000 "$said")" >&2
      rm -f "$said"
      return 1
    fi
    sleep 0.1
  done
  rm -f "$said"
  printf '%s: %d ms\n' "$what" $((($(date +%s%N) - start) / 1000000)) >&2
}

load_image() {
  local name
  name=$(python3 "$cluster_scripts/image.py" name "$1")
  python3 "$cluster_scripts/image.py" push "http://$(cat "$CLUSTER/address"):5000" "$1"
  # A node that has pulled the name before would go on using what it had.
  in_node ctr -n k8s.io images rm "$name" >/dev/null 2>&1 || true
}

load_stash() { stash_image "$1" "$CLUSTER/stash.tar" && load_image "$CLUSTER/stash.tar"; }

in_node() { nsenter --target "$(cat "$CLUSTER/pid")" --mount --uts --ipc --net --pid -- "$@"; }

in_network() { nsenter --target "$(cat "$CLUSTER/pid")" --net -- "$@"; }

kill_component() { in_node pkill -KILL -f "^(/opt/programs/[^/]*/)?$1( |\$)"; }
