#!/usr/bin/env bash
# Init of the node, inside its own root filesystem (root.sh): makes certificates, starts every component and keeps it
# running. All of it ends with this process.
#
# Environment: BIN programs, NODE and HOST addresses of the two ends of the link, ID number of the cluster.
set -euo pipefail
here=/opt/cluster/node
PKI=/etc/kubernetes/pki
DNS=169.254.20.10 # on the node's loopback, as node-local DNS caches have it
# shellcheck source=../pki.sh
. /opt/cluster/pki.sh
# shellcheck source=../components.sh
. /opt/cluster/components.sh

# keep NAME COMMAND...: runs a component in the background and starts it again when it ends; log in /var/log/NAME.log
keep() {
  local name=$1
  shift
  (while :; do
    "$@" >>"/var/log/$name.log" 2>&1 || true
    echo "== $name ended, starting it again" >>"/var/log/$name.log"
    sleep 0.5
  done) &
}

until_ok() { # TENTHS COMMAND...
  local tries=$1
  shift
  for _ in $(seq "$tries"); do
    "$@" >/dev/null 2>&1 && return
    sleep 0.1
  done
  echo "node: '$*' did not succeed in $((tries / 10)) s"
}

network() {
  ip link set lo up
  ip addr add "$DNS/32" dev lo
  until_ok 100 ip link show eth0
  ip addr add "$NODE/24" dev eth0
  ip link set eth0 up
  ip route add default via "$HOST"
  echo 1 >/proc/sys/net/ipv4/ip_forward
  # Without this, an answer between two pods of the bridge would not pass the rules that translated the question.
  masquerade=
  echo 1 2>/dev/null >/proc/sys/net/bridge/bridge-nf-call-iptables || masquerade=--masquerade-all
}

configure() {
  mkdir -p "$PKI" /etc/containerd/certs.d /etc/cni/net.d /tmp/hostpath_pv
  cp "$here/containerd.toml" /etc/containerd/config.toml
  cp -r "$here/certs.d/." /etc/containerd/certs.d/
  cp "$here/bridge.conflist" /etc/cni/net.d/10-bridge.conflist
  sed "s/@CGROUP@/stash-cluster-$ID/; s/@DNS@/$DNS/" "$here/kubelet.yaml" >/etc/kubernetes/kubelet.yaml
  sed "s/@DNS@/$DNS/; s/@NODE@/$NODE/" "$here/Corefile" >/etc/kubernetes/Corefile
  echo "nameserver $DNS" >/etc/resolv.conf
  tr -d - </proc/sys/kernel/random/uuid >/etc/machine-id
}

hostname node0
umask 022
network
configure
mapfile -t flags < <(etcd_flags /var/lib/etcd 2379 2380)
keep etcd "$BIN/etcd" "${flags[@]}"
keep containerd containerd
keep registry docker-registry serve "$here/registry.yaml"
(cd "$PKI" && control_plane_pki "https://$NODE:6443" "IP:$NODE")
mapfile -t flags < <(apiserver_flags "$PKI" 2379 "$NODE" 6443)
keep kube-apiserver "$BIN/kube-apiserver" "${flags[@]}"
until_ok 600 curl -sfk --max-time 2 "https://$NODE:6443/readyz"
mapfile -t flags < <(controller_manager_flags "$PKI")
keep kube-controller-manager "$BIN/kube-controller-manager" "${flags[@]}"
keep kubelet "$BIN/kubelet" --config=/etc/kubernetes/kubelet.yaml --kubeconfig="$PKI/kubelet.kubeconfig" \
  --hostname-override=node0 --node-ip="$NODE" --cert-dir="$PKI"
keep kube-scheduler "$BIN/kube-scheduler" --kubeconfig="$PKI/scheduler.kubeconfig" --leader-elect=false
keep coredns "$BIN/coredns" -conf /etc/kubernetes/Corefile
keep kube-proxy "$BIN/kube-proxy" --kubeconfig="$PKI/proxy.kubeconfig" --proxy-mode=iptables \
  --cluster-cidr=10.244.0.0/16 --hostname-override=node0 $masquerade --conntrack-max-per-core=0 \
  --conntrack-tcp-timeout-established=0 --conntrack-tcp-timeout-close-wait=0
wait
