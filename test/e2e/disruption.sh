#!/usr/bin/env bash
# Sidecar, operator and API server are killed in the middle of a session: it ends by itself, as Succeeded.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
begin disruption
secret backend
s3_repository store
deployment web 1
fill "$(first_pod web)" 400000000
before=$(mktemp) && manifest "$(first_pod web)" >"$before"
backup web Deployment/web store
ready web Deployment/web

begun() { kn logs deployment/web -c stash --since=2m 2>/dev/null | grep "backup begins" | grep -q "session=$1"; }
step "kill -9 of the sidecar"
session sidecar web
wait_for "backup begins" 60 begun sidecar
restarts() { kn get pods -l app=web -o json | jq '[.items[].status.containerStatuses[] | select(.name == "stash").restartCount] | add'; }
in_node pkill -KILL -f 'run-backup --invoker-name=web .*--target-namespace='"$ns"
ended backupsession/sidecar Succeeded 240
[ "$(restarts)" -ge 1 ] || fail "the sidecar was not killed"

step "the operator goes"
session operator web
wait_for "backup begins" 60 begun operator
k -n stash delete pod -l app.kubernetes.io/component=operator --grace-period=0 --force >/dev/null 2>&1
ended backupsession/operator Succeeded 240
k -n stash rollout status deployment/stash-operator --timeout=120s >/dev/null

step "the API server goes"
session apiserver web
wait_for "backup begins" 60 begun apiserver
kill_component kube-apiserver
answers() { k get --raw /readyz; }
wait_for "API server answers" 120 answers
ended backupsession/apiserver Succeeded 300

step "what was stored is whole"
destroy "$(first_pod web)"
restore web Deployment/web store
ended restoresession/web Succeeded 300
rolled_out deployment/web
same_data "$(first_pod web)" "$before"
rm -f "$before"
