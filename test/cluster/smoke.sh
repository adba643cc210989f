#!/usr/bin/env bash
# Proves the test cluster: what workloads and tests need of it works, and nothing of it is left on the host, whatever
# ends it. About 2 minutes. Exit status 0 only if all held.
# shellcheck disable=SC2119 # cluster_up without a folder makes one
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$here/lib.sh"

step() { printf '\n== %s\n' "$*" >&2; }
fail() { printf 'FAILED: %s\n' "$*" >&2; exit 1; }
is() { [ "$2" = "$3" ] || fail "$1: '$2' instead of '$3'"; printf '%s: %s\n' "$1" "$2" >&2; }

# What a cluster could leave on the host. The folder of the caches is not part of it, nor is what others do meanwhile.
mounts() { wc -l </proc/self/mountinfo; }
traces() { # DIR ID: prints what is left of a cluster
  local process
  for process in /proc/[0-9]*; do
    case "$({ tr '\0' ' ' <"$process/cmdline"; cat "$process/cgroup"; } 2>/dev/null)" in
      *"keeper.py $1 "* | *"stash-cluster-$2/"*) echo "process ${process#/proc/}" ;;
    esac
    [ "$(readlink "$process/root" 2>/dev/null)" != "$1/root" ] || echo "process ${process#/proc/} in the node"
  done
  find /sys/fs/cgroup -maxdepth 2 -name "stash-cluster-$2" -printf 'cgroup %p\n'
  grep -F "$1" /proc/self/mountinfo || true
  [ ! -e "/sys/class/net/stash$2" ] || echo "link stash$2"
  [ ! -e "$1" ] || echo "folder $1"
}
no_trace() { [ -z "$(traces "$@")" ]; }
sysctls() { cat /proc/sys/vm/overcommit_memory /proc/sys/kernel/panic /proc/sys/net/ipv4/ip_forward | tr '\n' ' '; }

before_mounts=$(mounts) before_sysctls=$(sysctls)
step "up"
cluster_up
dir=$CLUSTER id=$(cat "$CLUSTER/id")
no_trace "$dir" "$id" && fail "the search for traces finds nothing of a running cluster"
k get nodes -o wide >&2

step "workloads"
k apply -f "$here/smoke.yaml" >/dev/null
k rollout status deployment/web --timeout=60s >&2
k rollout status statefulset/db --timeout=60s >&2
k rollout status daemonset/agent --timeout=60s >&2
pod=$(k get pod -l app=web -o 'jsonpath={.items[0].metadata.name}')
is "exec in a pod" "$(k exec "$pod" -c web -- cat "/data/hostname-$pod")" "$pod"
is "native sidecar, same volume" "$(k exec "$pod" -c sidecar -- cat "/data/hostname-$pod")" "$pod"
for name in web web.default web.default.svc web.default.svc.cluster.local; do
  is "DNS in a pod, $name" "$(k exec db-0 -- wget -qO- "http://$name/hostname-$pod")" "$pod"
done
is "own Service" "$(k exec "$pod" -c web -- wget -qO- "http://web/hostname-$pod")" "$pod"
for i in 0 1 2; do
  is "StatefulSet, a volume each" "$(k exec "$pod" -c web -- wget -qO- "http://db-$i.db:8080/name")" "db-$i"
done
is "volumes made on demand" "$(k get pvc -o 'jsonpath={.items[*].status.phase}')" "Bound Bound Bound Bound"
port=$(k get service web -o 'jsonpath={.spec.ports[0].nodePort}')
is "NodePort from the host" "$(curl -s "http://$(cat "$CLUSTER/address"):$port/hostname-$pod")" "$pod"
address=$(k get service web -o 'jsonpath={.spec.clusterIP}')
is "Service from the node's network" "$(in_network curl -s "http://$address/hostname-$pod")" "$pod"
if k exec db-0 -- nslookup nowhere.example.com >/dev/null 2>&1; then fail "a name outside the cluster was found"; fi
is "API server from a pod" "$(k exec db-0 -- sh -c 'nc -w 2 kubernetes.default 443 </dev/null && echo open')" open
rolled() { k rollout restart deployment/web >/dev/null && k rollout status deployment/web --timeout=60s >/dev/null; }
wait_for "rollout of 2 replicas" 60 rolled

step "images"
program=$(mktemp -d)
for version in one two; do
  cp /bin/busybox "$program/busybox"
  program_image "$program/$version.tar" docker.io/library/word:dev "$program/busybox" \
    --entrypoint /bin/busybox echo "$version"
  load_image "$program/$version.tar"
  k run "word-$version" --image=word:dev --restart=Never >/dev/null
  wait_for "pod of the loaded image" 20 \
    k wait --for=jsonpath='{.status.phase}'=Succeeded "pod/word-$version" --timeout=1s
  is "image loaded again under the same name" "$(k logs "word-$version")" "$version"
done
rm -rf "$program"

step "MinIO over TLS"
minio_up smoke
head -c 3000000 /dev/urandom >"$CLUSTER/random"
minio PUT /smoke/random --data-binary "@$CLUSTER/random"
minio GET /smoke/random | cmp - "$CLUSTER/random" || fail "an object of MinIO was read back different"
if (MINIO_SECRET_KEY=wrong minio GET /smoke/random >/dev/null 2>&1); then fail "MinIO takes a wrong secret"; fi

step "Pushgateway"
k run pushgateway --image=prom/pushgateway:v1.11.1 >/dev/null
k wait --for=condition=Ready pod/pushgateway --timeout=30s >/dev/null
gateway=http://$(k get pod pushgateway -o 'jsonpath={.status.podIP}'):9091
push() { echo 'smoke 42' | in_network curl -sf --data-binary @- "$gateway/metrics/job/smoke/hostname/one"; }
wait_for "metric pushed" 10 push
is "metric" "$(in_network curl -s "$gateway/metrics" | grep '^smoke{')" 'smoke{hostname="one",instance="",job="smoke"} 42'

step "CronJob"
job_done() { [ "$(k get jobs -o 'jsonpath={.items[*].status.succeeded}' | cut -d' ' -f1)" = 1 ]; }
wait_for "job of the schedule * * * * *" 90 job_done

step "down: nothing is left"
cluster_down
is "traces" "$(traces "$dir" "$id")" ""
is "mounts" "$(mounts)" "$before_mounts"
is "kernel settings" "$(sysctls)" "$before_sysctls"

step "kill -9 of the owner, with a second cluster beside it: nothing is left of the first"
cluster_up
survivor=$CLUSTER
bash -c '. "$1/lib.sh"; cluster_up; echo "$CLUSTER" >"$2/other"; k apply -f "$1/smoke.yaml" >/dev/null; sleep 600' \
  owner "$here" "$survivor" >/dev/null 2>&1 &
owner=$!
wait_for "second cluster" 120 test -s "$survivor/other"
dir=$(cat "$survivor/other")
id=$(cat "$dir/id")
running_pods() {
  local pods=("$dir/bin/kubectl" --kubeconfig "$dir/kubeconfig" get pods --field-selector status.phase=Running -o name)
  [ -n "$("${pods[@]}")" ]
}
wait_for "running pods" 60 running_pods
kill -KILL "$owner"
wait_for "no trace of the first" 30 no_trace "$dir" "$id"
is "the other goes on" "$(k get --raw /readyz)" ok

step "kill -9 of the keeper: processes, mounts and link are gone at once"
dir=$CLUSTER id=$(cat "$CLUSTER/id")
kill -KILL "$(cat "$dir/keeper")"
only_files() { ! traces "$dir" "$id" | grep -v '^cgroup\|^folder'; }
wait_for "only folder and cgroups" 10 only_files
cluster_up
is "the next cluster has taken the number over" "$(cat "$CLUSTER/id")" "$id"
k get nodes >&2
cluster_down
rm -rf "$dir"
is "traces" "$(traces "$dir" "$id")" ""
is "mounts" "$(mounts)" "$before_mounts"
printf '\nthe test cluster is sound\n' >&2
