#!/usr/bin/env bash
# What is missing is told by a condition, and all is well as soon as it is there. Nothing is injected before.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
begin prerequisites
backup web Deployment/web store
wait_for "RepositoryFound False" 30 condition_is backupconfiguration/web RepositoryFound False
is "phase" "$(field backupconfiguration/web .status.phase)" NotReady
has "message" "$(condition backupconfiguration/web RepositoryFound message)" "Repository $ns/store"

s3_repository store
wait_for "RepositoryFound True" 30 condition_is backupconfiguration/web RepositoryFound True
wait_for "BackendSecretFound False" 30 condition_is backupconfiguration/web BackendSecretFound False
has "message" "$(condition backupconfiguration/web BackendSecretFound message)" "$ns/backend"

secret backend
wait_for "BackendSecretFound True" 30 condition_is backupconfiguration/web BackendSecretFound True
wait_for "BackupTargetFound False" 30 condition_is backupconfiguration/web BackupTargetFound False
is "phase" "$(field backupconfiguration/web .status.phase)" NotReady
session early web
ended backupsession/early Skipped

deployment web 1
ready web Deployment/web
kn exec deployment/web -c app -- sh -c 'echo something >/source/data/file'
session one web
ended backupsession/one Succeeded
