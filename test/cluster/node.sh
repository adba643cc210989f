#!/usr/bin/env bash
# Init of the node's namespaces: starts every component and waits. All of it ends when this process does.
# Environment: BIN RUN PKI NODE HOST SUBNET ID (set by up.sh).
set -u
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$here/components.sh"
mount --make-rshared /
hostname node0
ip link set lo up
for _ in $(seq 100); do ip link show eth0 >/dev/null 2>&1 && break; sleep 0.05; done
ip addr add "$NODE/24" dev eth0
ip link set eth0 up
ip route add default via "$HOST"
echo 1 >/proc/sys/net/ipv4/ip_forward
echo 1 >/proc/sys/net/bridge/bridge-nf-call-iptables 2>/dev/null

mirror() { # HOST: the node's registry answers for it
  mkdir -p "$RUN/hosts/$1"
  printf 'server = "http://127.0.0.1:5000"\n[host."http://127.0.0.1:5000"]\n  capabilities = ["pull", "resolve"]\n' >"$RUN/hosts/$1/hosts.toml"
}
for registry in docker.io registry.k8s.io quay.io ghcr.io gcr.io; do mirror "$registry"; done

cat >"$RUN/containerd.toml" <<E
version = 2
root = "$RUN/containerd/root"
state = "$RUN/containerd/state"
[grpc]
  address = "$RUN/containerd.sock"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "docker.io/library/pause:1"
  # Without CAP_SYS_RESOURCE a lower oom_score_adj is refused and every sandbox would fail.
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "$RUN/cni"
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
  [plugins."io.containerd.grpc.v1.cri".registry]
    config_path = "$RUN/hosts"
E
mkdir -p "$RUN/cni"
cat >"$RUN/cni/10-bridge.conflist" <<E
{"cniVersion": "0.4.0", "name": "bridge", "plugins": [
 {"type": "bridge", "bridge": "cni0", "isGateway": true, "ipMasq": true, "hairpinMode": true,
  "ipam": {"type": "host-local", "dataDir": "$RUN/cni-state", "ranges": [[{"subnet": "10.244.0.0/24"}]], "routes": [{"dst": "0.0.0.0/0"}]}},
 {"type": "portmap", "capabilities": {"portMappings": true}}]}
E
printf 'nameserver %s\n' "$NODE" >"$RUN/resolv.conf"
cat >"$RUN/kubelet.yaml" <<E
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
address: 0.0.0.0
authentication: {anonymous: {enabled: false}, webhook: {enabled: true}, x509: {clientCAFile: $PKI/ca.crt}}
authorization: {mode: Webhook}
tlsCertFile: $PKI/kubelet.crt
tlsPrivateKeyFile: $PKI/kubelet.key
cgroupDriver: cgroupfs
cgroupRoot: /stash-test-$ID
cgroupsPerQOS: true
enforceNodeAllocatable: [pods]
failSwapOn: false
failCgroupV1: false
clusterDNS: [$NODE]
clusterDomain: cluster.local
resolvConf: $RUN/resolv.conf
containerRuntimeEndpoint: unix://$RUN/containerd.sock
evictionHard: {memory.available: "100Mi", nodefs.available: "1%", imagefs.available: "1%", nodefs.inodesFree: "1%"}
imageGCHighThresholdPercent: 100
imageMinimumGCAge: 100h
maxPods: 200
syncFrequency: 5s
nodeStatusUpdateFrequency: 5s
podLogsDir: $RUN/pod-logs
E
cat >"$RUN/registry.yaml" <<E
version: 0.1
log: {level: error}
storage: {filesystem: {rootdirectory: $RUN/registry}}
http: {addr: 127.0.0.1:5000}
E
printf '.:53 {\n bind %s\n errors\n ready %s:8181\n kubernetes cluster.local in-addr.arpa {\n  kubeconfig %s/admin.kubeconfig\n }\n cache 5\n}\n' \
  "$NODE" "$NODE" "$PKI" >"$RUN/Corefile"
for controller in /sys/fs/cgroup/*/; do # cgroup v1: one hierarchy a controller, all must have the root
  [ -f "$controller/cgroup.procs" ] && mkdir -p "$controller/stash-test-$ID"
done
for file in cpuset.cpus cpuset.mems; do
  [ -f "/sys/fs/cgroup/cpuset/$file" ] && cat "/sys/fs/cgroup/cpuset/$file" >"/sys/fs/cgroup/cpuset/stash-test-$ID/$file"
done

# shellcheck disable=SC2046  # the flags hold no spaces
{
  keep etcd "$BIN/etcd" $(etcd_flags 2379 2380)
  keep containerd containerd -c "$RUN/containerd.toml"
  keep registry docker-registry serve "$RUN/registry.yaml"
  keep kube-apiserver "$BIN/kube-apiserver" $(apiserver_flags 2379 "$NODE" 6443) --cert-dir="$RUN"
  for _ in $(seq 300); do curl -sk --max-time 2 "https://$NODE:6443/readyz" >/dev/null && break; sleep 0.1; done
  keep kube-controller-manager "$BIN/kube-controller-manager" $(controller_manager_flags)
}
keep kube-scheduler "$BIN/kube-scheduler" --kubeconfig="$PKI/scheduler.kubeconfig" --leader-elect=false
keep kube-proxy "$BIN/kube-proxy" --kubeconfig="$PKI/proxy.kubeconfig" --proxy-mode=iptables --cluster-cidr=10.244.0.0/16 \
  --hostname-override=node0 --conntrack-max-per-core=0
keep coredns "$BIN/coredns" -conf "$RUN/Corefile"
for _ in $(seq 100); do [ -S "$RUN/containerd.sock" ] && break; sleep 0.05; done
for archive in "$RUN"/images/*.tar; do
  ctr -a "$RUN/containerd.sock" -n k8s.io images import "$archive" >>"$RUN/logs/images.log" 2>&1
  python3 "$here/image.py" push "$archive" http://127.0.0.1:5000 >>"$RUN/logs/images.log" 2>&1
done
keep kubelet "$BIN/kubelet" --config="$RUN/kubelet.yaml" --kubeconfig="$PKI/kubelet.kubeconfig" --root-dir="$RUN/kubelet" \
  --cert-dir="$PKI" --hostname-override=node0 --node-ip="$NODE" --v=1
wait
