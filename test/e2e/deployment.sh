#!/usr/bin/env bash
# Deployment of three replicas that share a volume, store on S3 over TLS: one leader backs up, one replica restores, the
# others start without restoring. One rollout to inject, one to remove.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
begin deployment
secret backend
s3_repository store
deployment web 3
fill "$(first_pod web)"
before=$(mktemp) && manifest "$(first_pod web)" >"$before"
untouched=$(generation deployment/web)

step "backup"
backup web Deployment/web store
ready web Deployment/web
is "rollouts to inject" $(($(generation deployment/web) - untouched)) 1
session one web
ended backupsession/one Succeeded
is "hosts" "$(field backupsession/one '.status.targets[0].stats[*].hostname')" host-0
is "snapshots" "$(field repository/store .status.snapshotCount)" 1
is "integrity" "$(field repository/store .status.integrity)" true
is "who uses the Repository" "$(field repository/store '.status.references[*].name')" web

step "pause, schedule and a restart of the operator roll nothing"
injected=$(generation deployment/web)
kn patch backupconfiguration web --type=merge -p '{"spec":{"paused":true,"schedule":"0 0 2 2 *"}}' >/dev/null
suspended() { [ "$(field cronjob/stash-trigger-web '.spec.suspend} {.spec.schedule')" = "true 0 0 2 2 *" ]; }
wait_for "CronJob follows" 30 suspended
k -n stash rollout restart deployment/stash-operator >/dev/null
k -n stash rollout status deployment/stash-operator --timeout=120s >/dev/null
session two web
ended backupsession/two Succeeded
is "rollouts meanwhile" $(($(generation deployment/web) - injected)) 0

step "restore"
destroy "$(first_pod web)"
restore web Deployment/web store
ended restoresession/web Succeeded 240
rolled_out deployment/web
same_data "$(first_pod web)" "$before"
is "hosts" "$(field restoresession/web '.status.stats[*].hostname')" host-0
is "rollouts to restore" $(($(generation deployment/web) - injected)) 1

step "a pod that starts later finds nothing pending"
kn delete pod "$(first_pod web)" >/dev/null
rolled_out deployment/web
seconds() { # of the init container in the newest pod
  local pod
  pod=$(kn get pods -l app=web --sort-by=.metadata.creationTimestamp -o name | tail -1)
  kn get "$pod" -o json | jq '.status.initContainerStatuses[0].state.terminated | (.finishedAt | fromdate) - (.startedAt | fromdate)'
}
[ "$(seconds)" -le 2 ] || fail "the init container took $(seconds) s with nothing to do"

step "deletion takes everything away, with one rollout each"
with_both=$(generation deployment/web)
kn delete restoresession web --timeout=60s >/dev/null
is "rollouts to remove the init container" $(($(generation deployment/web) - with_both)) 1
is "init containers" "$(init_containers deployment/web)" ""
kn delete backupconfiguration web --timeout=60s >/dev/null
is "rollouts to remove the sidecar" $(($(generation deployment/web) - with_both)) 2
is "containers" "$(containers deployment/web)" app
is "volumes" "$(field deployment/web '.spec.template.spec.volumes[*].name')" data
is "annotations of the workload" "$(kn get deployment web -o json | jq -c '[.metadata, .spec.template.metadata | .annotations // {} | keys[] | select(contains("stash"))]')" "[]"
wait_for "CronJob gone" 60 gone cronjob/stash-trigger-web
wait_for "ServiceAccount gone" 60 gone serviceaccount/stash-trigger-web
no_rights() { nothing kn get roles,rolebindings -o name; }
wait_for "Roles and RoleBindings gone" 60 no_rights
is "references" "$(field repository/store '.status.references[*].name')" ""
rm -f "$before"
