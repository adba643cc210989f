#!/usr/bin/env bash
# A Repository with wipeOut takes its data with it, and only its own; one without leaves it.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
begin wipeout
secret backend
deployment web 1
fill "$(first_pod web)" 100000
s3_repository store
s3_repository other
kn patch repository store --type=merge -p '{"spec":{"wipeOut":true}}' >/dev/null
prefix_of() { field "repository/$1" .spec.backend.s3.prefix; }
declare -A prefix=([store]=$(prefix_of store) [other]=$(prefix_of other))
objects() { minio GET "/e2e?list-type=2&prefix=$(jq -rn --arg p "${prefix[$1]#/}/" '$p | @uri')" | grep -o '<Key>' | wc -l; }

for name in store other; do
  backup "$name" Deployment/web "$name"
  ready "$name" Deployment/web
  session "one-$name" "$name"
  ended "backupsession/one-$name" Succeeded
  [ "$(objects "$name")" -gt 3 ] || fail "no objects of $name"
  kn delete backupconfiguration "$name" --timeout=60s >/dev/null
done
kept=$(objects other)
kn delete repository store other --timeout=60s >/dev/null
is "objects of store" "$(objects store)" 0
is "objects of other" "$(objects other)" "$kept"
