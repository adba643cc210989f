#include "stash/api/host.hpp"

#include <algorithm>
#include <array>

#include "stash/base/error.hpp"

namespace stash::api {
namespace {

constexpr std::array<std::string_view, 6> kWorkloadKinds{
    "Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "ReplicationController", "DeploymentConfig"};

template <class Spec>
Model model(const Spec& spec) {
  if (spec.driver == Driver::VolumeSnapshotter) return Model::VolumeSnapshot;
  const bool in_pods = spec.target && is_workload_kind(spec.target->ref.kind) && spec.task.name.empty();
  return in_pods ? Model::Workload : Model::Job;
}

std::string_view ordinal_of(std::string_view pod_name) {
  const auto dash = pod_name.rfind('-');
  const std::string_view ordinal = dash == pod_name.npos ? std::string_view() : pod_name.substr(dash + 1);
  if (ordinal.empty() || ordinal.find_first_not_of("0123456789") != ordinal.npos)
    throw Error(ErrorKind::Invalid,
                "pod name \"{}\" does not end in the ordinal of a StatefulSet, such as web-0", pod_name);
  return ordinal;
}

}  // namespace

bool is_workload_kind(std::string_view kind) {
  return std::find(kWorkloadKinds.begin(), kWorkloadKinds.end(), kind) != kWorkloadKinds.end();
}

Model model_of(const BackupConfigurationSpec& spec) { return model(spec); }
Model model_of(const RestoreSessionSpec& spec) { return model(spec); }

bool each_pod_is_a_host(std::string_view kind) { return kind == "StatefulSet" || kind == "DaemonSet"; }

std::string host_name(std::string_view kind, std::string_view alias, std::string_view pod_name,
                      std::string_view node_name) {
  if (kind == "StatefulSet")
    return fmt::format("{}-{}", alias.empty() ? "host" : alias, ordinal_of(pod_name));
  if (kind == "DaemonSet")
    return alias.empty() ? std::string(node_name) : fmt::format("{}-{}", alias, node_name);
  return alias.empty() ? "host-0" : std::string(alias);
}

std::int32_t total_hosts(std::string_view kind, const json::Value& workload) {
  std::int64_t count = 1;
  if (kind == "StatefulSet") count = json::integer(workload, "spec", "replicas").value_or(1);
  if (kind == "DaemonSet") count = json::integer(workload, "status", "desiredNumberScheduled").value_or(0);
  return static_cast<std::int32_t>(std::clamp<std::int64_t>(count, 0, INT32_MAX));
}

}  // namespace stash::api
