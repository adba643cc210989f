#!/usr/bin/env bash
# Starts the cluster that all scripts of this folder share, with the operator and MinIO in it.
#
#   start.sh FOLDER BINARY     the cluster lives in FOLDER and ends, at the latest, with the process that called this
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$here/../cluster/lib.sh"
folder=${1:?} binary=${2:?}

"$here/../cluster/up.sh" "$folder" --owner "$PPID" >/dev/null
cluster_use "$folder"
load_stash "$binary"
"$binary" install --image stash:dev --pushgateway-image prom/pushgateway:v1.11.1 | k apply -f - >/dev/null
k -n stash rollout status deployment/stash-operator --timeout=180s
minio_up e2e
