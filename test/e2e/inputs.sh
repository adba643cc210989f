#!/usr/bin/env bash
# What a user gets wrong is told in the condition, the phase and the event that the API has for it, and repaired by putting
# it right. Nothing is injected meanwhile.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
begin inputs
secret backend
s3_repository store
deployment web 1
untouched=$(generation deployment/web)

told() { # CONDITION WORDS: of backupconfiguration/web
  wait_for "$1 False" 30 condition_is backupconfiguration/web "$1" False
  has "$1" "$(condition backupconfiguration/web "$1" message)" "$2"
}
spec() { kn patch backupconfiguration web --type=merge -p "{\"spec\":$1}" >/dev/null; } # JSON

step "a schedule that is none"
backup web Deployment/web store
ready web Deployment/web
is "rollouts" $(($(generation deployment/web) - untouched)) 1
spec '{"schedule":"61 * * * *"}'
told CronJobCreated 'spec.schedule "61 * * * *": minute "61" is outside 0 to 59'
is "phase" "$(field backupconfiguration/web .status.phase)" NotReady
warned() { kn get events --field-selector involvedObject.name=web,type=Warning -o 'jsonpath={.items[*].message}' | grep -q "spec.schedule"; }
wait_for "event" 30 warned
spec '{"schedule":"0 0 1 1 *"}'
wait_for "Ready again" 30 phase_is backupconfiguration/web Ready

step "a duration that is none"
spec '{"timeOut":"soon"}'
told ValidationPassed spec.timeOut
is "phase" "$(field backupconfiguration/web .status.phase)" Invalid
spec '{"timeOut":"-5m"}'
negative() { has "ValidationPassed" "$(condition backupconfiguration/web ValidationPassed message)" "not positive"; }
wait_for "the other duration is told" 30 negative
spec '{"timeOut":null}'
wait_for "Ready again" 30 phase_is backupconfiguration/web Ready
is "rollouts" $(($(generation deployment/web) - untouched)) 1

step "a key that the Secret lacks"
kn patch secret backend --type=merge -p '{"data":{"RESTIC_PASSWORD":null}}' >/dev/null
session keyless web
ended backupsession/keyless Failed
has "error" "$(field backupsession/keyless '.status.targets[0].stats[0].error')" RESTIC_PASSWORD
kn patch secret backend --type=merge -p '{"stringData":{"RESTIC_PASSWORD":"a good password"}}' >/dev/null

step "a path with nothing in it"
session empty web
ended backupsession/empty Failed
has "error" "$(field backupsession/empty '.status.targets[0].stats[0].error')" "/source/data"
fill "$(first_pod web)" 100000
session filled web
ended backupsession/filled Succeeded
