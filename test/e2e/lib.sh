# Sourced by every script of this folder, which is one behaviour on a real cluster in a namespace of its own.
#
# The cluster named by STASH_E2E_CLUSTER is up, with the operator in namespace stash and MinIO with the bucket e2e (start.sh).
# A script that fails prints the objects, events and logs of its namespace; it always removes the namespace.
# shellcheck shell=bash
set -euo pipefail
e2e=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$e2e/../cluster/lib.sh"

step() { printf '\n== %s\n' "$*" >&2; }
fail() { printf 'FAILED: %s\n' "$*" >&2; exit 1; }
is() { [ "$2" = "$3" ] || fail "$1: '$2' instead of '$3'"; printf '%s: %s\n' "$1" "$2" >&2; }
has() { case "$2" in *"$3"*) printf '%s: %s\n' "$1" "$2" >&2 ;; *) fail "$1: '$2' does not say '$3'" ;; esac; }

kn() { k -n "$ns" "$@"; }
# KIND/NAME JSONPATH. Without an answer it says so: an empty field is an answer.
field() { kn get "$1" -o "jsonpath={$2}" || { echo "no answer"; return 1; }; }
apply() { kn apply -f - >/dev/null; }

begin() { # NAME: the namespace of this script
  : "${STASH_E2E_CLUSTER:?names the folder of a running cluster, see start.sh}"
  cluster_use "$STASH_E2E_CLUSTER"
  MINIO_ACCESS_KEY=$(cat "$CLUSTER/minio/access") MINIO_SECRET_KEY=$(cat "$CLUSTER/minio/secret")
  ns=e2e-$1
  k delete namespace "$ns" --ignore-not-found --timeout=120s >/dev/null
  k create namespace "$ns" >/dev/null
  trap finish EXIT
}

undo() { :; } # a script that changes more than its namespace says here how that is put right, whatever happened
finish() {
  local status=$?
  trap - EXIT
  [ "$status" = 0 ] || tell >&2 || true
  undo || status=1
  # The invokers first: their finalizers need the operator, and roles that go with the namespace.
  kn delete backupconfigurations,restoresessions --all --timeout=60s >/dev/null || status=1
  k delete namespace "$ns" --wait=false >/dev/null || status=1
  exit "$status"
}

tell() { # what a person needs who looks for the cause
  local pod
  echo "--- objects of $ns"
  kn get backupconfigurations,backupsessions,restoresessions,repositories,cronjobs,jobs,deployments,statefulsets,daemonsets,pods
  kn get backupconfigurations,backupsessions,restoresessions -o yaml | grep -vE 'managedFields|uid:|resourceVersion:'
  echo "--- events"
  kn get events --sort-by=.lastTimestamp | tail -40
  for pod in $(kn get pods -o name); do
    echo "--- $pod"
    kn logs "$pod" --all-containers --prefix --tail=25 || true
  done
  echo "--- operator"
  k -n stash logs deployment/stash-operator -c operator --tail=40
}

secret() { # NAME [PASSWORD]: for MinIO and for a local backend alike
  kn create secret generic "$1" --from-literal=RESTIC_PASSWORD="${2:-a good password}" \
    --from-literal=AWS_ACCESS_KEY_ID="$MINIO_ACCESS_KEY" --from-literal=AWS_SECRET_ACCESS_KEY="$MINIO_SECRET_KEY" \
    --from-file=CA_CERT_DATA="$CLUSTER/minio/ca.crt" >/dev/null
}

s3_repository() { # NAME [SECRET]
  apply <<YAML
apiVersion: stash.appscode.com/v1alpha1
kind: Repository
metadata: {name: $1}
spec:
  backend:
    s3: {endpoint: "https://minio.minio.svc:9000", bucket: e2e, prefix: /$ns/$(date +%s%N)/$1}
    storageSecretName: ${2:-backend}
YAML
}

local_repository() { # NAME MOUNTPATH VOLUME-SOURCE
  apply <<YAML
apiVersion: stash.appscode.com/v1alpha1
kind: Repository
metadata: {name: $1}
spec:
  backend:
    local: {mountPath: $2, $3}
    storageSecretName: backend
YAML
}

claim() { # NAME
  apply <<YAML
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: $1}
spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}
YAML
}

# The pods of all workloads: busybox that does nothing, volume `data` at /source/data.
pod_spec='
      terminationGracePeriodSeconds: 0
      containers:
      - name: app
        image: busybox
        command: [sh, -c, "trap exit TERM; while :; do sleep 1; done"]
        volumeMounts: [{name: data, mountPath: /source/data}]'

deployment() { # NAME REPLICAS [CLAIM]
  claim "${3:-$1}"
  apply <<YAML
apiVersion: apps/v1
kind: Deployment
metadata: {name: $1}
spec:
  replicas: $2
  selector: {matchLabels: {app: $1}}
  template:
    metadata: {labels: {app: $1}}
    spec:$pod_spec
      volumes: [{name: data, persistentVolumeClaim: {claimName: ${3:-$1}}}]
YAML
  rolled_out "deployment/$1"
}

statefulset() { # NAME REPLICAS
  apply <<YAML
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: $1}
spec:
  replicas: $2
  serviceName: $1
  podManagementPolicy: Parallel
  selector: {matchLabels: {app: $1}}
  template:
    metadata: {labels: {app: $1}}
    spec:$pod_spec
  volumeClaimTemplates:
  - metadata: {name: data}
    spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}
YAML
  rolled_out "statefulset/$1"
}

daemonset() { # NAME
  claim "$1"
  apply <<YAML
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: $1}
spec:
  selector: {matchLabels: {app: $1}}
  template:
    metadata: {labels: {app: $1}}
    spec:$pod_spec
      volumes: [{name: data, persistentVolumeClaim: {claimName: $1}}]
YAML
  rolled_out "daemonset/$1"
}

rolled_out() { kn rollout status "$1" --timeout=180s >/dev/null; } # KIND/NAME

# backup NAME KIND/WORKLOAD REPOSITORY [more members of spec]: a schedule that never fires in a test
backup() {
  apply <<YAML
apiVersion: stash.appscode.com/v1beta1
kind: BackupConfiguration
metadata: {name: $1}
spec:
  schedule: "0 0 1 1 *"
  repository: {name: $3}
  target:
    ref: {apiVersion: apps/v1, kind: ${2%/*}, name: ${2#*/}}
    paths: [${paths:-/source/data}]
    volumeMounts: [{name: data, mountPath: /source/data}]
  runtimeSettings: {container: {securityContext: {runAsUser: 0}}}
  retentionPolicy: {name: keep, keepLast: 5, prune: true}
  backupHistoryLimit: ${history:-10}
  ${4:-}
YAML
}

restore() { # NAME KIND/WORKLOAD REPOSITORY [RULES]
  local rules='[{paths: [/source/data]}]' # a default inside the expansion would end at its first brace
  apply <<YAML
apiVersion: stash.appscode.com/v1beta1
kind: RestoreSession
metadata: {name: $1}
spec:
  repository: {name: $3}
  target:
    ref: {apiVersion: apps/v1, kind: ${2%/*}, name: ${2#*/}}
    volumeMounts: [{name: data, mountPath: /source/data}]
    rules: ${4:-$rules}
YAML
}

phase_is() { [ "$(field "$1" .status.phase)" = "$2" ]; } # KIND/NAME PHASE
condition() { field "$1" ".status.conditions[?(@.type==\"$2\")].$3"; } # KIND/NAME TYPE MEMBER
condition_is() { [ "$(condition "$1" "$2" status)" = "$3" ]; } # KIND/NAME TYPE STATUS
nothing() { local said; said=$("$@") && [ -z "$said" ]; } # COMMAND: it succeeds and prints nothing
gone() { nothing kn get "$1" --ignore-not-found -o name; } # KIND/NAME

ready() { # BACKUPCONFIGURATION KIND/WORKLOAD: Ready, and its pods run the sidecar
  wait_for "$1 is Ready" 60 phase_is "backupconfiguration/$1" Ready
  wait_for "sidecar in $2" 30 has_sidecar "$2"
  rolled_out "$2"
}
containers() { field "$1" '.spec.template.spec.containers[*].name'; }
init_containers() { field "$1" '.spec.template.spec.initContainers[*].name'; }
has_sidecar() { case " $(containers "$1") " in *" stash "*) ;; *) return 1 ;; esac; }

session() { # NAME BACKUPCONFIGURATION: what a person writes to back up now
  apply <<YAML
apiVersion: stash.appscode.com/v1beta1
kind: BackupSession
metadata: {name: $1}
spec: {invoker: {apiGroup: stash.appscode.com, kind: BackupConfiguration, name: $2}}
YAML
}

finished() { case "$(field "$1" .status.phase)" in Succeeded | Failed | Skipped | Unknown | Invalid) ;; *) return 1 ;; esac; }
ended() { # KIND/NAME PHASE [SECONDS]
  wait_for "$1 ends" "${3:-120}" finished "$1"
  is "$1" "$(field "$1" .status.phase)" "$2"
}

generation() { field "$1" .metadata.generation; }
pods() { kn get pods -l "app=$1" --field-selector status.phase=Running -o 'jsonpath={.items[*].metadata.name}'; }
first_pod() { local all; read -ra all <<<"$(pods "$1")"; echo "${all[0]}"; }

in_pod() { local pod=$1; shift; kn exec -i "$pod" -c app -- "$@"; }
fill() { in_pod "$1" sh -s /source/data "${2:-3000000}" <"$e2e/data/make.sh"; }
manifest() { in_pod "$1" sh -s /source/data <"$e2e/data/manifest.sh"; }
destroy() { in_pod "$1" sh -c 'find /source/data -mindepth 1 -maxdepth 1 -exec rm -rf {} + && [ -z "$(ls -A /source/data)" ]'; }
same_data() { # POD FILE: what `manifest` printed before
  manifest "$1" | diff "$2" - >&2 || fail "the data in $1 is not what was backed up"
  printf 'data in %s: identical, %d entries\n' "$1" "$(grep -c '|' "$2")" >&2
}
