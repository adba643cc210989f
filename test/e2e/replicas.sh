#!/usr/bin/env bash
# Two operators: one works, and when it is killed the other goes on.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
begin replicas
secret backend
s3_repository store
deployment web 1
fill "$(first_pod web)" 100000

scale() {
  k -n stash scale deployment stash-operator --replicas="$1" >/dev/null
  k -n stash rollout status deployment/stash-operator --timeout=120s >/dev/null
}
undo() { scale 1; }
scale 2
operators() { k -n stash get pods -l app.kubernetes.io/component=operator -o 'jsonpath={.items[*].metadata.name}'; }
leader() { k -n stash get leases -o 'jsonpath={.items[*].spec.holderIdentity}'; }
leading() { local pod; for pod in $(operators); do k -n stash logs "$pod" -c operator | grep leading >/dev/null && echo "$pod"; done; }

step "one leads"
is "operators" "$(operators | wc -w)" 2
is "leaders" "$(leading | wc -l)" 1
first=$(leader)
is "who leads" "$(leading)" "$first"
backup web Deployment/web store
ready web Deployment/web
untouched=$(generation deployment/web)
session one web
ended backupsession/one Succeeded

step "it is killed, the other takes over"
k -n stash delete pod "$first" --grace-period=0 --force >/dev/null 2>&1
session two web
ended backupsession/two Succeeded
[ "$(leader)" != "$first" ] || fail "$first still holds the lease"
is "rollouts meanwhile" $(($(generation deployment/web) - untouched)) 0
