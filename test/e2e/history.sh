#!/usr/bin/env bash
# Twenty sessions in a row, made by the CronJob's own template, leave the history limit and nothing else. One of them runs
# while the Pushgateway is down.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
begin history
secret backend
s3_repository store
deployment web 1
fill "$(first_pod web)" 100000
history=3 backup web Deployment/web store
ready web Deployment/web

names() { kn get backupsessions --sort-by=.metadata.creationTimestamp -o 'jsonpath={.items[*].metadata.name}'; }
newest() { names | tr ' ' '\n' | tail -1; }
made() { [ -n "$(newest)" ] && [ "$(newest)" != "$last" ]; }
last='' failed=0
for i in $(seq 20); do
  if [ "$i" = 10 ]; then k -n stash patch service stash-pushgateway -p '{"spec":{"selector":{"none":"such"}}}' >/dev/null; fi
  kn create job "run-$i" --from=cronjob/stash-trigger-web >/dev/null
  wait_for "session $i" 60 made
  last=$(newest)
  wait_for "session $i ends" 120 finished "backupsession/$last"
  [ "$(field "backupsession/$last" .status.phase)" = Succeeded ] || failed=$((failed + 1))
  if [ "$i" = 10 ]; then
    is "MetricsPushed without a Pushgateway" "$(condition "backupsession/$last" MetricsPushed status)" False
    k -n stash patch service stash-pushgateway --type=json \
      -p '[{"op":"remove","path":"/spec/selector/none"}]' >/dev/null
  fi
done
is "sessions that did not succeed" "$failed" 0
limit_held() { [ "$(names | wc -w)" = 3 ]; }
wait_for "history limit" 30 limit_held
is "snapshots: keepLast" "$(field repository/store .status.snapshotCount)" 5
no_jobs() { nothing kn get jobs -o name; }
wait_for "no jobs left" 60 no_jobs
only_the_workload() { [ "$(kn get pods -o name | wc -l)" = 1 ]; }
wait_for "no pods left" 60 only_the_workload
