#!/usr/bin/env bash
# A soak against a MinIO server of its own, over TLS with a private CA: see soak.py.
#
#   soak.sh STASH [--minutes 20] [...]
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
stash=$(realpath "$1")
shift
programs=$("$here/../cluster/build.sh" minio)
folder=$(mktemp -d)
server=
trap '[ -z "$server" ] || { kill "$server"; wait "$server" || true; } 2>/dev/null; rm -rf "$folder"' EXIT

mkdir -p "$folder/certs" "$folder/data"
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=minio -addext "subjectAltName=IP:127.0.0.1" \
  -keyout "$folder/certs/private.key" -out "$folder/certs/public.crt" 2>/dev/null
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
export AWS_ACCESS_KEY_ID=admin AWS_SECRET_ACCESS_KEY=correct-horse
MINIO_ROOT_USER=$AWS_ACCESS_KEY_ID MINIO_ROOT_PASSWORD=$AWS_SECRET_ACCESS_KEY "$programs/minio" server --quiet \
  --address "127.0.0.1:$port" --certs-dir "$folder/certs" "$folder/data" >"$folder/log" 2>&1 &
server=$!
# It says to be ready some time before it takes requests.
makes_bucket() {
  curl -sf --cacert "$folder/certs/public.crt" --aws-sigv4 aws:amz:us-east-1:s3 \
    --user "$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY" -X PUT "https://127.0.0.1:$port/bucket"
}
up=
for _ in $(seq 300); do
  if makes_bucket; then up=1; break; fi
  sleep 0.1
done
[ -n "$up" ] || { cat "$folder/log" >&2; exit 1; }
python3 "$here/soak.py" "$stash" "s3:https://127.0.0.1:$port/bucket/soak" --cacert "$folder/certs/public.crt" "$@"
