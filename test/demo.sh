#!/usr/bin/env bash
# Shows the whole job on a real Kubernetes cluster: an application's volume is backed up on a schedule, lost, and restored.
#
#   test/demo.sh                     on a one-node cluster of its own, which ends with it
#   test/demo.sh --keep              leaves that cluster up; test/demo.sh --down removes it
#   test/demo.sh --current-context [--image NAME]
#                                    on the cluster that kubectl points to; it must be able to pull NAME (default
#                                    stash:dev), busybox, minio/minio and prom/pushgateway:v1.11.1. Namespaces demo and
#                                    minio are removed at the end, the operator stays unless the demo installed it
#   STASH_BINARY=FILE                demonstrates that program instead of building one
#
# Exit status 0 only if every step held. About 3 minutes with all caches warm; the first run builds Kubernetes too.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(dirname "$here")
. "$here/cluster/lib.sh"

usage() { sed -n '2,12s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" >&2; exit 2; }
keep=false current=false image=stash:dev
folder=${STASH_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/stash}/demo
while [ $# -gt 0 ]; do
  case $1 in
    --keep) keep=true ;;
    --current-context) current=true ;;
    --image) image=${2:?}; shift ;;
    --down) exec "$here/cluster/down.sh" "$folder" ;;
    *) usage ;;
  esac
  shift
done

# ---- narration

started=$(date +%s%N) step_started=$started step_name='' summary=() figures=()
seconds() { printf '%d.%01d s' $(($1 / 1000000000)) $(($1 / 100000000 % 10)); } # NANOSECONDS
close_step() {
  [ -z "$step_name" ] || summary+=("$(printf '%-58s %10s' "$step_name" "$(seconds $(($(date +%s%N) - step_started)))")")
}
step() {
  close_step
  step_name=$1 step_started=$(date +%s%N)
  printf '\n\033[1m%s\033[0m\n' "$1" >&2
  [ $# = 1 ] || printf '  %s\n' "${@:2}" >&2
}
note() { printf '  %s\n' "$*" >&2; }
fail() { printf '\nFAILED: %s\n' "$*" >&2; exit 1; }
figure() { figures+=("$(printf '%-58s %10s' "$1" "$2")"); note "$1: $2"; }

show_state() {
  [ -n "${CLUSTER:-}" ] || return 0
  k -n demo get backupconfigurations,backupsessions,restoresessions,repositories,cronjobs,jobs,pods || true
  k -n demo get backupconfigurations,backupsessions,restoresessions -o yaml | grep -v managedFields || true
  k -n demo get events --sort-by=.lastTimestamp | tail -30 || true
  k -n demo logs deployment/shop --all-containers --prefix --tail=30 || true
  k -n stash logs deployment/stash-operator -c operator --tail=40 || true
}

finish() {
  local status=$?
  trap - EXIT
  [ "$status" = 0 ] || show_state >&2
  if $current && [ -n "${CLUSTER:-}" ]; then
    if [ -n "${ours:-}" ]; then
      k -n demo delete backupconfigurations,restoresessions --all --timeout=60s >/dev/null 2>&1 || true
      k delete namespace demo minio --wait=false >/dev/null 2>&1 || true
    fi
    [ -z "${installed:-}" ] || "$binary" install "${install_options[@]}" | k delete --wait=false -f - >/dev/null 2>&1 || true
    rm -rf "$CLUSTER"
  elif [ -n "${CLUSTER:-}" ] && ! $keep; then
    cluster_down
  fi
  exit "$status"
}
trap finish EXIT

# ---- what it stands on

use_current_context() {
  local program
  program=$(command -v kubectl) || fail "kubectl is needed on PATH"
  CLUSTER=$(mktemp -d -t stash-demo-XXXXXX)
  mkdir "$CLUSTER/bin"
  ln -s "$program" "$CLUSTER/bin/kubectl"
  # The Service is reached through the API server here, so requests to MinIO come from this host.
  minio() {
    local method=$1 path=$2 forward status=0
    shift 2
    k -n minio port-forward service/minio 19000:9000 >/dev/null 2>&1 &
    forward=$!
    curl -sS --fail --max-time 60 --retry 20 --retry-connrefused --retry-delay 1 --cacert "$CLUSTER/minio/ca.crt" \
      --connect-to minio.minio.svc:9000:127.0.0.1:19000 --aws-sigv4 aws:amz:us-east-1:s3 \
      -K <(printf 'user = "%s:%s"\n' "$MINIO_ACCESS_KEY" "$MINIO_SECRET_KEY") \
      -H "x-amz-content-sha256: UNSIGNED-PAYLOAD" -X "$method" "https://minio.minio.svc:9000$path" "$@" || status=$?
    kill "$forward" 2>/dev/null
    wait "$forward" 2>/dev/null || true
    return "$status"
  }
}

step "What is needed on this machine" "compiler, libraries and tools from Debian's packages"
"$here/deps.sh"

binary=${STASH_BINARY:-$root/build/release/stash}
if [ -z "${STASH_BINARY:-}" ]; then
  step "The program" "one static binary: operator, sidecar, init container, trigger and command line"
  (cd "$root" && cmake --preset release >/dev/null && cmake --build --preset release --target stash | tail -1 >&2)
fi
note "$(file -b "$binary" | cut -d, -f1-4)"
stripped=$(mktemp)
strip -o "$stripped" "$binary"
figure "Size of the binary, stripped" "$(stat -c %s "$stripped" | awk '{printf "%.1f MB", $1 / 1e6}')"
rm -f "$stripped"

if $current; then
  step "The cluster" "the one that kubectl points to: $(kubectl config current-context)"
  use_current_context
  for namespace in demo minio; do
    ! k get namespace "$namespace" >/dev/null 2>&1 || fail "namespace $namespace exists already: the demo would remove it at its end"
  done
  ours=true
else
  step "A cluster" "one node, real Kubernetes, in namespaces of its own"
  if $keep; then
    "$here/cluster/up.sh" "$folder" >/dev/null
    cluster_use "$folder"
  else
    cluster_up
  fi
  load_stash "$binary"
fi
k get nodes -o wide | cut -c1-110 | sed 's/^/  /' >&2

# ---- the job

step "The operator" "stash install | kubectl apply -f -"
install_options=(--image "$image" --pushgateway-image prom/pushgateway:v1.11.1)
k -n stash get deployment stash-operator >/dev/null 2>&1 || installed=true
"$binary" install "${install_options[@]}" | k apply -f - >/dev/null
k -n stash rollout status deployment/stash-operator --timeout=180s >/dev/null
k wait --for=condition=Established crd/backupconfigurations.stash.appscode.com --timeout=30s >/dev/null

step "An object store" "MinIO in the cluster; TLS with a certificate authority of its own"
minio_up demo

step "An application" "Deployment shop with a volume; files of several owners, links, a sparse file, odd names"
k create namespace demo --dry-run=client -o yaml | k apply -f - >/dev/null
k -n demo apply -f - >/dev/null <<'YAML'
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: shop-data}
spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: shop}
spec:
  selector: {matchLabels: {app: shop}}
  template:
    metadata: {labels: {app: shop}}
    spec:
      terminationGracePeriodSeconds: 0
      containers:
      - name: shop
        image: busybox
        command: [sh, -c, "trap exit TERM; while :; do sleep 1; done"]
        volumeMounts: [{name: data, mountPath: /source/data}]
      volumes: [{name: data, persistentVolumeClaim: {claimName: shop-data}}]
YAML
k -n demo rollout status deployment/shop --timeout=120s >/dev/null
pod() { k -n demo get pods -l app=shop --field-selector status.phase=Running --sort-by=.metadata.creationTimestamp -o name | tail -1; }
in_pod() { k -n demo exec -i "$(pod)" -c shop -- "$@"; }
in_pod sh -s /source/data 20000000 <"$here/e2e/data/make.sh"
before=$(mktemp) after=$(mktemp)
in_pod sh -s /source/data <"$here/e2e/data/manifest.sh" >"$before"
note "$(in_pod find /source/data | wc -l) entries, $(in_pod du -sh /source/data | cut -f1)"

step "Where to, and with which keys" "Secret and Repository"
k -n demo create secret generic backend --from-literal=RESTIC_PASSWORD="$(openssl rand -hex 16)" \
  --from-literal=AWS_ACCESS_KEY_ID="$MINIO_ACCESS_KEY" --from-literal=AWS_SECRET_ACCESS_KEY="$MINIO_SECRET_KEY" \
  --from-file=CA_CERT_DATA="$MINIO_CA" --dry-run=client -o yaml | k -n demo apply -f - >/dev/null
k -n demo apply -f - >/dev/null <<YAML
apiVersion: stash.appscode.com/v1alpha1
kind: Repository
metadata: {name: store}
spec:
  backend:
    s3: {endpoint: "https://minio.minio.svc:9000", bucket: demo, prefix: shop-$(date +%s)}
    storageSecretName: backend
YAML

step "What, when, and how long to keep" "BackupConfiguration: every minute, the last 5"
applied=$(date +%s%N)
k -n demo apply -f - >/dev/null <<'YAML'
apiVersion: stash.appscode.com/v1beta1
kind: BackupConfiguration
metadata: {name: shop}
spec:
  schedule: "* * * * *"
  repository: {name: store}
  target:
    ref: {apiVersion: apps/v1, kind: Deployment, name: shop}
    paths: [/source/data]
    volumeMounts: [{name: data, mountPath: /source/data}]
  runtimeSettings: {container: {securityContext: {runAsUser: 0}}} # to read what only its owner may
  retentionPolicy: {name: last-5, keepLast: 5, prune: true}
YAML
k -n demo wait --for=jsonpath='{.status.phase}'=Ready backupconfiguration/shop --timeout=60s >/dev/null
figure "kubectl apply until the BackupConfiguration is Ready" "$(seconds $(($(date +%s%N) - applied)))"
has_sidecar() { k -n demo get deployment shop -o 'jsonpath={.spec.template.spec.containers[*].name}' | grep -qw stash; }
wait_for "sidecar injected" 30 has_sidecar
k -n demo rollout status deployment/shop --timeout=120s >/dev/null
figure "... and the application's pod runs the sidecar" "$(seconds $(($(date +%s%N) - applied)))"

# first_session PHASE: name of the oldest session in that phase
first_session() {
  k -n demo get backupsessions --sort-by=.metadata.creationTimestamp \
    -o 'jsonpath={range .items[*]}{.status.phase}{" "}{.metadata.name}{"\n"}{end}' | awk -v phase="$1" '$1 == phase {print $2; exit}'
}
step "A backup by schedule" "waiting for the CronJob to fire at the next full minute"
some_session() { [ -n "$(k -n demo get backupsessions -o name)" ]; }
wait_for "the CronJob has made a BackupSession" 130 some_session
seen=$(date +%s%N)
succeeded() { session=$(first_session Succeeded); [ -n "$session" ]; }
wait_for "backup Succeeded" 120 succeeded || fail "no scheduled backup succeeded"
session=$(first_session Succeeded)
figure "BackupSession seen until Succeeded" "$(seconds $(($(date +%s%N) - seen)))"
sidecar_log=$(k -n demo logs "$(pod)" -c stash)
log_time() { # MESSAGE: when the sidecar first wrote it, in milliseconds since 1970
  local line
  line=$(grep -m1 -F "$1" <<<"$sidecar_log") || fail "the sidecar's log does not say '$1'"
  date -d "${line%% *}" +%s%3N
}
created=$(date -d "$(k -n demo get backupsession "$session" -o 'jsonpath={.metadata.creationTimestamp}')" +%s%3N)
begins=$(log_time "backup begins")
ends=$(log_time "path backed up")
# The creation time has whole seconds, cut off: the true figures are up to one second smaller.
figure "Session created until the sidecar begins (at most)" "$(seconds $(((begins - created) * 1000000)))"
figure "Session created until the path is read and stored (at most)" "$(seconds $(((ends - created) * 1000000)))"
k -n demo get backupsession "$session" -o json | jq -r '.status.targets[0].stats[0].snapshots[0] |
  "snapshot \(.name[0:8]) of \(.path): \(.totalSize), \(.uploaded) uploaded, \(.fileStats.totalFiles) files"' | sed 's/^/  /' >&2
k -n demo get backupconfigurations,backupsessions,repositories | sed 's/^/  /' >&2

step "Pause" "no new backups while the data is away"
k -n demo patch backupconfiguration shop --type=merge -p '{"spec":{"paused":true}}' >/dev/null
suspended() { [ "$(k -n demo get cronjob stash-trigger-shop -o 'jsonpath={.spec.suspend}')" = true ]; }
wait_for "CronJob suspended" 30 suspended
none_running() {
  [ -z "$(k -n demo get jobs -o 'jsonpath={.items[?(@.status.active==1)].metadata.name}')" ] &&
    ! k -n demo get backupsessions -o 'jsonpath={range .items[*]}{.status.phase}{"\n"}{end}' | grep -qvE 'Succeeded|Skipped|Failed'
}
wait_for "running sessions have ended" 120 none_running

step "Disaster" "everything in the volume is deleted"
in_pod sh -c 'find /source/data -mindepth 1 -maxdepth 1 -exec rm -rf {} +'
[ -z "$(in_pod ls -A /source/data)" ] || fail "the data was not destroyed, nothing would be shown"
note "entries left in /source/data: 0"

step "The way back" "RestoreSession"
applied=$(date +%s%N)
k -n demo apply -f - >/dev/null <<'YAML'
apiVersion: stash.appscode.com/v1beta1
kind: RestoreSession
metadata: {name: shop}
spec:
  repository: {name: store}
  target:
    ref: {apiVersion: apps/v1, kind: Deployment, name: shop}
    volumeMounts: [{name: data, mountPath: /source/data}]
    rules: [{paths: [/source/data]}]
YAML
restored() { [ "$(k -n demo get restoresession shop -o 'jsonpath={.status.phase}')" = Succeeded ]; }
wait_for "restore Succeeded" 180 restored || fail "the restore did not succeed"
figure "kubectl apply of the RestoreSession until Succeeded" "$(seconds $(($(date +%s%N) - applied)))"
k -n demo rollout status deployment/shop --timeout=120s >/dev/null

step "The comparison" "bytes, types, modes, owners, links and modification times of every entry"
in_pod sh -s /source/data <"$here/e2e/data/manifest.sh" >"$after"
diff "$before" "$after" >&2 || fail "the restored data is not what was backed up"
note "identical: $(grep -c '|.*|.*|' "$after") entries, $(grep -cE '^[0-9a-f]{64} ' "$after") digests"
blocks=$(in_pod stat -c %b /source/data/sparse)
[ $((blocks * 512)) -lt 5000000 ] || fail "the sparse file of 50 MB takes $((blocks * 512)) bytes on the disk"
note "the sparse file of 50 MB takes $((blocks * 512)) bytes on the disk"
rm -f "$before" "$after"

close_step
printf '\n\033[1m%-58s %10s\033[0m\n' "Step" "time" >&2
printf '%s\n' "${summary[@]}" >&2
printf '\033[1m%-58s\033[0m\n' "Figures" >&2
printf '%s\n' "${figures[@]}" >&2
printf '\nEverything held, in %s.\n' "$(seconds $(($(date +%s%N) - started)))" >&2
if $keep && ! $current; then
  printf 'The cluster stays: export KUBECONFIG=%s; %s --down removes it.\n' "$KUBECONFIG" "$0" >&2
fi
