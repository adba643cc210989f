#!/usr/bin/env bash
# Local backends: a folder of the node, and a volume claim with a subPath; both hold what is needed to restore.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
begin local
secret backend
for kind in hostpath claim; do
  step "$kind"
  source="hostPath: {path: /var/lib/$ns, type: DirectoryOrCreate}"
  [ "$kind" = hostpath ] || { claim repository; source="persistentVolumeClaim: {claimName: repository}, subPath: deep"; }
  local_repository "$kind" /safe/data "$source"
  deployment "$kind" 1
  fill "$(first_pod "$kind")" 1000000
  before=$(mktemp) && manifest "$(first_pod "$kind")" >"$before"
  backup "$kind" "Deployment/$kind" "$kind"
  ready "$kind" "Deployment/$kind"
  session "one-$kind" "$kind"
  ended "backupsession/one-$kind" Succeeded
  destroy "$(first_pod "$kind")"
  restore "$kind" "Deployment/$kind" "$kind"
  ended "restoresession/$kind" Succeeded 240
  rolled_out "deployment/$kind"
  same_data "$(first_pod "$kind")" "$before"
  rm -f "$before"
done
