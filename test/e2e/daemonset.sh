#!/usr/bin/env bash
# DaemonSet: the host is named like the node.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
begin daemonset
secret backend
s3_repository store
daemonset agent
fill "$(first_pod agent)" 1000000
before=$(mktemp) && manifest "$(first_pod agent)" >"$before"
backup agent DaemonSet/agent store
ready agent DaemonSet/agent
session one agent
ended backupsession/one Succeeded
is "host" "$(field backupsession/one '.status.targets[0].stats[*].hostname')" "$(k get nodes -o 'jsonpath={.items[0].metadata.name}')"

destroy "$(first_pod agent)"
restore agent DaemonSet/agent store
ended restoresession/agent Succeeded 240
rolled_out daemonset/agent
same_data "$(first_pod agent)" "$before"
rm -f "$before"
