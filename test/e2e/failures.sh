#!/usr/bin/env bash
# Sessions that cannot succeed end as Failed and say why; the next one succeeds once the cause is gone.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
begin failures
secret backend
secret wrong "another password"
s3_repository store
deployment web 1
fill "$(first_pod web)" 100000
backup web Deployment/web store
ready web Deployment/web
session good web
ended backupsession/good Succeeded

step "wrong password"
kn get secret backend -o json | jq 'del(.metadata.resourceVersion, .metadata.uid)' >"$CLUSTER/backend.json"
kn delete secret backend >/dev/null
kn get secret wrong -o json | jq 'del(.metadata.resourceVersion, .metadata.uid) | .metadata.name = "backend"' | apply
session password web
ended backupsession/password Failed
has "error" "$(field backupsession/password '.status.targets[0].stats[0].error')" password
kn delete secret backend >/dev/null
kn apply -f "$CLUSTER/backend.json" >/dev/null
rm "$CLUSTER/backend.json"
session healed web
ended backupsession/healed Succeeded

step "a path that does not exist"
kn delete backupconfiguration web --timeout=60s >/dev/null
paths=/source/data/nowhere backup lost Deployment/web store
ready lost Deployment/web
session path lost
ended backupsession/path Failed
has "error" "$(field backupsession/path '.status.targets[0].stats[0].error')" /source/data/nowhere
