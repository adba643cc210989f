#!/usr/bin/env bash
# StatefulSet of three: every ordinal is a host of its own, and each gets its own data back. All hosts are in the Pushgateway.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
begin statefulset
secret backend
s3_repository store
statefulset db 3
folder=$(mktemp -d)
for i in 0 1 2; do
  fill "db-$i" 1000000
  in_pod "db-$i" sh -c "echo $i >/source/data/ordinal"
  manifest "db-$i" >"$folder/$i"
done

step "backup"
backup db StatefulSet/db store
ready db StatefulSet/db
session one db
ended backupsession/one Succeeded 240
is "hosts" "$(field backupsession/one '.status.targets[0].stats[*].hostname' | tr ' ' '\n' | sort | tr '\n' ' ')" "host-0 host-1 host-2 "
is "totalHosts" "$(field backupsession/one '.status.targets[0].totalHosts')" 3
is "snapshots" "$(field repository/store .status.snapshotCount)" 3

step "metrics of all hosts"
metrics() { in_network curl -sS --noproxy '*' --connect-timeout 2 --max-time 10 "http://$(k -n stash get service stash-pushgateway -o 'jsonpath={.spec.clusterIP}'):56789/metrics"; }
for i in 0 1 2; do
  has_metric() { metrics | grep "stash_backup_host_backup_success{" | grep "hostname=\"host-$i\"" | grep "$ns" | grep -q ' 1$'; }
  wait_for "host-$i in the Pushgateway" 30 has_metric
done

step "restore"
for i in 0 1 2; do destroy "db-$i"; done
restore db StatefulSet/db store
ended restoresession/db Succeeded 300
rolled_out statefulset/db
for i in 0 1 2; do same_data "db-$i" "$folder/$i"; done
rm -rf "$folder"
