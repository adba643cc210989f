#!/usr/bin/env bash
# A store that cannot be reached, is full or is read-only makes a session Failed that says so, and loses nothing; the next
# session succeeds once the cause is gone.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
begin stores
secret backend
volume=/var/lib/$ns
hide_minio() { k -n minio patch service minio -p '{"spec":{"selector":{"none":"such"}}}' >/dev/null; }
show_minio() { k -n minio patch service minio -p '{"spec":{"selector":{"none":null}}}' >/dev/null; }
undo() {
  show_minio
  in_node umount --lazy "$volume" 2>/dev/null || true
}

failed() { # SESSION BACKUPCONFIGURATION WORDS
  session "$1" "$2"
  ended "backupsession/$1" Failed 240
  has "error" "$(field "backupsession/$1" '.status.targets[0].stats[0].error')" "$3"
}
succeeded() { # SESSION BACKUPCONFIGURATION
  session "$1" "$2"
  ended "backupsession/$1" Succeeded
}

step "a store that nobody answers at"
s3_repository bucket
deployment remote 1
fill "$(first_pod remote)" 100000
backup remote Deployment/remote bucket
ready remote Deployment/remote
succeeded before remote
hide_minio
failed unreachable remote minio.minio.svc
show_minio
succeeded reachable remote
is "snapshots" "$(field repository/bucket .status.snapshotCount)" 2

step "a full disk"
in_node mkdir -p "$volume"
in_node mount -t tmpfs -o size=6m none "$volume"
local_repository disk /safe/data "hostPath: {path: $volume, type: Directory}"
deployment near 1
fill "$(first_pod near)" 1000000
backup near Deployment/near disk
ready near Deployment/near
succeeded small near
in_pod "$(first_pod near)" sh -c 'head -c 20000000 /dev/urandom >/source/data/more'
failed full near "No space left"
in_node mount -o remount,size=100m "$volume"
succeeded room near

step "a read-only disk"
in_node mount -o remount,ro "$volume"
failed read-only near "Read-only file system"
in_node mount -o remount,rw "$volume"
succeeded writable near
is "snapshots" "$(field repository/disk .status.snapshotCount)" 3
is "integrity" "$(field repository/disk .status.integrity)" true
