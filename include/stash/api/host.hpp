#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "stash/api/backup_configuration.hpp"
#include "stash/api/restore_session.hpp"

/// Hosts: the logical names under which data is kept, and how many of them a target has.
namespace stash::api {

/// How the data of a target is reached.
enum class Model {
  Workload,        ///< inside the workload's own pods: sidecar or first init container
  Job,             ///< by a Job that mounts the claim or runs a Task
  VolumeSnapshot,  ///< by CSI snapshots
};

/// Deployment, StatefulSet, DaemonSet, ReplicaSet, ReplicationController and DeploymentConfig.
bool is_workload_kind(std::string_view kind);
/// A workload kind without a task is served inside its pods; everything else by a Job.
Model model_of(const BackupConfigurationSpec& spec);
Model model_of(const RestoreSessionSpec& spec);

/// Every ordinal of a StatefulSet and every node of a DaemonSet has data of its own; the replicas of other
/// kinds share theirs.
bool each_pod_is_a_host(std::string_view kind);

/// Host name of an executor: `<alias or host>-<ordinal>` in a StatefulSet's pod, `<alias>-<node>` or the node
/// in a DaemonSet's, else the alias or host-0. Throws Error(Invalid) when a StatefulSet's pod name carries no
/// ordinal.
std::string host_name(std::string_view kind, std::string_view alias, std::string_view pod_name,
                      std::string_view node_name);

/// Hosts that have to report, read from the workload as the API server returned it: spec.replicas of a
/// StatefulSet, status.desiredNumberScheduled of a DaemonSet, else 1. 0 is an answer: nothing runs that could
/// be backed up.
std::int32_t total_hosts(std::string_view kind, const json::Value& workload);

}  // namespace stash::api
