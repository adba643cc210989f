#!/usr/bin/env bash
# Without a Pushgateway backups and restores go on: they end as Succeeded, and say that their metrics are missing.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
begin pushgateway
service() { k -n stash patch service stash-pushgateway --type merge -p "{\"spec\":{\"selector\":{\"$1\":$2}}}" >/dev/null; }
undo() { service away null; }
secret backend
s3_repository store
deployment web 1
fill "$(first_pod web)" 100000
manifest "$(first_pod web)" >/tmp/pushgateway.$$
backup web Deployment/web store
ready web Deployment/web

step "nobody behind the Service"
service away '"yes"'
no_endpoints() {
  nothing k -n stash get endpointslices -l kubernetes.io/service-name=stash-pushgateway \
    -o 'jsonpath={.items[*].endpoints[*].addresses}'
}
wait_for "the Pushgateway is away" 30 no_endpoints
session one web
ended backupsession/one Succeeded
is "MetricsPushed" "$(condition backupsession/one MetricsPushed status)" False
is "RepositoryMetricsPushed" "$(condition backupsession/one RepositoryMetricsPushed status)" False
has "the reason" "$(condition backupsession/one MetricsPushed message)" "could not be pushed"
is "snapshots" "$(field repository/store .status.snapshotCount)" 1
destroy "$(first_pod web)"
restore web Deployment/web store
ended restoresession/web Succeeded
rolled_out deployment/web
same_data "$(first_pod web)" /tmp/pushgateway.$$
rm /tmp/pushgateway.$$
is "MetricsPushed" "$(condition restoresession/web MetricsPushed status)" False

step "it is back"
service away null
session two web
ended backupsession/two Succeeded
is "MetricsPushed" "$(condition backupsession/two MetricsPushed status)" True
