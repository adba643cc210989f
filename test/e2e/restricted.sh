#!/usr/bin/env bash
# A namespace that enforces the Pod Security level `restricted`: what is injected and what is triggered runs there without settings.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
begin restricted
k label namespace "$ns" pod-security.kubernetes.io/enforce=restricted >/dev/null
secret backend
s3_repository store
apply <<YAML
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      terminationGracePeriodSeconds: 0
      securityContext: {runAsNonRoot: true, runAsUser: 1000, runAsGroup: 1000, fsGroup: 1000, seccompProfile: {type: RuntimeDefault}}
      containers:
      - name: app
        image: busybox
        command: [sh, -c, "trap exit TERM; while :; do sleep 1; done"]
        securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}
        volumeMounts: [{name: data, mountPath: /source/data}]
      volumes: [{name: data, emptyDir: {}}]
YAML
rolled_out deployment/web

step "the trigger of the CronJob makes a session, and it succeeds"
apply <<YAML
apiVersion: stash.appscode.com/v1beta1
kind: BackupConfiguration
metadata: {name: web}
spec:
  schedule: "0 0 1 1 *"
  repository: {name: store}
  target:
    ref: {apiVersion: apps/v1, kind: Deployment, name: web}
    paths: [/source/data]
    volumeMounts: [{name: data, mountPath: /source/data}]
  retentionPolicy: {name: keep, keepLast: 5, prune: true}
YAML
ready web Deployment/web
in_pod "$(first_pod web)" sh -c 'echo kept >/source/data/file && chmod 600 /source/data/file && ln -s file /source/data/link'
kn create job now --from=cronjob/stash-trigger-web >/dev/null
made() { kn get backupsessions -o name | grep . >/dev/null; }
wait_for "a session" 60 made
ended "$(kn get backupsessions -o name)" Succeeded

step "a restore into an empty volume"
restore back Deployment/web store
ended restoresession/back Succeeded
rolled_out deployment/web
pod=$(first_pod web)
is "content" "$(in_pod "$pod" cat /source/data/link)" kept
is "owner and mode" "$(in_pod "$pod" stat -c '%u %a' /source/data/file)" "1000 600"
