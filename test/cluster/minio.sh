# Sourced by lib.sh. A real MinIO in the cluster, over TLS with a certificate authority of its own.
#
#   minio_up BUCKET...       Service minio.minio.svc:9000; sets MINIO_CA (file), MINIO_ACCESS_KEY, MINIO_SECRET_KEY, and
#                            makes the buckets; doing it again only makes the buckets that are missing
#   minio METHOD PATH [curl options]   a signed S3 request from the host, e.g. minio GET /bucket/key
# shellcheck shell=bash
: "${cluster_scripts:?is set by lib.sh}"

minio_up() {
  local dir=$CLUSTER/minio bucket
  if [ ! -e "$dir/secret" ]; then
    mkdir -p "$dir"
    (
      set -e
      cd "$dir"
      . "$cluster_scripts/pki.sh"
      authority ca test-minio
      certificate server ca /CN=minio DNS:minio.minio.svc,DNS:minio.minio.svc.cluster.local,DNS:localhost,IP:127.0.0.1
      umask 077
      printf 'test-%s' "$(openssl rand -hex 6)" >access
      openssl rand -hex 20 | tr -d '\n' >secret
    ) || return
  fi
  MINIO_CA=$dir/ca.crt MINIO_ACCESS_KEY=$(cat "$dir/access") MINIO_SECRET_KEY=$(cat "$dir/secret")
  export MINIO_CA MINIO_ACCESS_KEY MINIO_SECRET_KEY
  k apply -f "$cluster_scripts/minio.yaml" >/dev/null || return
  minio_secret root --from-file=access="$dir/access" --from-file=secret="$dir/secret" || return
  minio_secret tls --from-file=public.crt="$dir/server.crt" --from-file=private.key="$dir/server.key" || return
  k -n minio rollout status deployment/minio --timeout=120s >/dev/null || return
  # A connection begun before the node knows the Service never gets an answer: many short attempts, not one long one.
  wait_for "MinIO at minio.minio.svc:9000" 120 minio GET / --connect-timeout 2 --max-time 5 || return
  for bucket in "$@"; do
    minio HEAD "/$bucket" --head -o /dev/null 2>/dev/null || minio PUT "/$bucket" >/dev/null || return
  done
}

minio_secret() { # NAME [kubectl options]
  k -n minio create secret generic "$@" --dry-run=client -o yaml | k apply -f - >/dev/null
}

minio() {
  local method=$1 path=$2 address
  shift 2
  address=$(k -n minio get service minio -o 'jsonpath={.spec.clusterIP}') || return
  # The keys go through a file descriptor: arguments can be read by everybody.
  in_network curl -sS --fail --noproxy '*' --max-time 60 --cacert "$CLUSTER/minio/ca.crt" \
    --resolve "minio.minio.svc:9000:$address" --aws-sigv4 aws:amz:us-east-1:s3 \
    -K <(printf 'user = "%s:%s"\n' "$MINIO_ACCESS_KEY" "$MINIO_SECRET_KEY") \
    -H "x-amz-content-sha256: UNSIGNED-PAYLOAD" -X "$method" "https://minio.minio.svc:9000$path" "$@"
}
