#!/usr/bin/env bash
# Hooks: a dump is made in the application's container before the backup and is in the backup; messages with the facts of
# the session arrive by HTTP after it; a preBackup hook that fails fails the session, without data, and is told.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
begin hooks
secret backend
s3_repository store
deployment web 1
fill "$(first_pod web)" 100000

step "a sink for messages"
apply <<'YAML'
apiVersion: v1
kind: Pod
metadata: {name: sink}
spec:
  terminationGracePeriodSeconds: 0
  containers:
  - name: app
    image: busybox
    command: [sh, -c, "mkdir -p /www/cgi-bin && printf '#!/bin/sh\n{ head -c \"$CONTENT_LENGTH\"; echo; } >>/www/messages\nprintf \"Content-Type: text/plain\\r\\n\\r\\n\"\n' >/www/cgi-bin/tell && chmod +x /www/cgi-bin/tell && exec httpd -f -p 8080 -h /www"]
    ports: [{name: web, containerPort: 8080}]
YAML
kn wait pod/sink --for=condition=Ready --timeout=60s >/dev/null
sink=$(field pod/sink .status.podIP)
messages() { kn exec sink -- cat /www/messages 2>/dev/null || true; }
tell() { echo "httpPost: {host: $sink, port: 8080, path: /cgi-bin/tell, body: '$1'}"; }

step "backup with hooks"
backup web Deployment/web store "hooks:
    preBackup: {containerName: app, exec: {command: [sh, -c, 'echo dump of {{ .Target.Name }} >/source/data/dump']}}
    postBackup: {executionPolicy: Always, $(tell '{{ .Invoker.Name }} {{ .Status.Phase }} {{ .Status.Error }}')}"
ready web Deployment/web
session one web
ended backupsession/one Succeeded
is "dump" "$(in_pod "$(first_pod web)" cat /source/data/dump)" "dump of web"
is "told" "$(messages)" "web Succeeded"
target_condition() { field "$1" ".status.targets[0].conditions[?(@.type==\"$2\")].status"; }
is "PreBackupHookExecutionSucceeded" "$(target_condition backupsession/one PreBackupHookExecutionSucceeded)" True
is "PostBackupHookExecutionSucceeded" "$(target_condition backupsession/one PostBackupHookExecutionSucceeded)" True

step "restore with hooks"
manifest "$(first_pod web)" >/tmp/hooks.$$
destroy "$(first_pod web)"
apply <<YAML
apiVersion: stash.appscode.com/v1beta1
kind: RestoreSession
metadata: {name: web}
spec:
  repository: {name: store}
  target:
    ref: {apiVersion: apps/v1, kind: Deployment, name: web}
    volumeMounts: [{name: data, mountPath: /source/data}]
    rules: [{paths: [/source/data]}]
  hooks:
    preRestore: {tcpSocket: {host: $sink, port: 8080}}
    postRestore: {executionPolicy: OnSuccess, $(tell 'restored {{ .Target.Kind }} {{ .Status.Phase }}')}
YAML
ended restoresession/web Succeeded
rolled_out deployment/web
same_data "$(first_pod web)" /tmp/hooks.$$
rm /tmp/hooks.$$
is "told" "$(messages | tail -1)" "restored Deployment Succeeded"
kn delete restoresession/web >/dev/null
rolled_out deployment/web

step "a preBackup hook that fails"
kn patch backupconfiguration/web --type merge -p '{"spec":{"hooks":{"preBackup":{"containerName":"app","exec":{"command":["sh","-c","echo no space for a dump >&2; exit 3"]}}}}}' >/dev/null
settled() { # not when kubectl fails twice
  local now; now=$(generation backupconfiguration/web) && [ "$(field backupconfiguration/web .status.observedGeneration)" = "$now" ]
}
wait_for "the configuration is seen" 30 settled
rolled_out deployment/web
before=$(field repository/store .status.snapshotCount)
session two web
ended backupsession/two Failed
is "PreBackupHookExecutionSucceeded" "$(target_condition backupsession/two PreBackupHookExecutionSucceeded)" False
has "the reason" "$(field backupsession/two '.status.targets[0].conditions[?(@.type=="PreBackupHookExecutionSucceeded")].message')" "no space for a dump"
is "told" "$(messages | tail -1 | cut -d' ' -f1-2)" "web Failed"
is "snapshots" "$(field repository/store .status.snapshotCount)" "$before"
