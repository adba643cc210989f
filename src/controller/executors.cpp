#include "controller/executors.hpp"

#include <algorithm>

#include "stash/api/host.hpp"
#include "stash/api/names.hpp"
#include "stash/base/error.hpp"
#include "stash/kube/meta.hpp"

namespace stash::controller {
namespace {

std::int64_t status_number(const json::Value& workload, const char* key) {
  return json::integer(workload, "status", key).value_or(0);
}

std::int64_t wanted_pods(std::string_view kind, const json::Value& workload) {
  if (kind == "DaemonSet") return status_number(workload, "desiredNumberScheduled");
  return json::integer(workload, "spec", "replicas").value_or(1);
}

bool sidecar_is_ready(const json::Value& pod) {
  if (kube::is_deleting(pod)) return false;
  const json::Value* statuses = json::find(pod, "status", "containerStatuses");
  if (!statuses || !statuses->IsArray()) return false;
  return std::any_of(statuses->Begin(), statuses->End(), [](const json::Value& status) {
    return json::text(status, "name") == api::kSidecarContainer && json::is_true(status, "ready");
  });
}

/// A Deployment's pods belong to its ReplicaSets, so they are known by their labels alone.
bool is_pod_of(std::string_view kind, const json::Value& workload, const json::Value& pod) {
  return kind == "Deployment" || kube::is_owned_by(pod, kube::uid_of(workload));
}

bool has_reported(const api::HostBackupStats& host) { return host.phase != api::HostPhase::Unset; }

}  // namespace

bool is_rolled_out(std::string_view kind, const json::Value& workload) {
  if (status_number(workload, "observedGeneration") < kube::generation_of(workload)) return false;
  const std::int64_t wanted = wanted_pods(kind, workload);
  if (kind == "DaemonSet")
    return status_number(workload, "updatedNumberScheduled") == wanted &&
           status_number(workload, "numberReady") > 0;
  const bool all_new =
      status_number(workload, "updatedReplicas") == wanted && status_number(workload, "replicas") == wanted;
  return wanted > 0 && all_new && status_number(workload, "readyReplicas") > 0;
}

bool lacks_ready_pods(std::string_view kind, const json::Value& workload) {
  const char* ready = kind == "DaemonSet" ? "numberReady" : "readyReplicas";
  return status_number(workload, ready) < std::max<std::int64_t>(wanted_pods(kind, workload), 1);
}

std::string pod_selector(const json::Value& workload) {
  std::vector<std::pair<std::string, std::string>> labels;
  const json::Value* wanted = json::find(workload, "spec", "selector", "matchLabels");
  if (!wanted || !wanted->IsObject()) return "";
  for (const auto& label : wanted->GetObject())
    labels.emplace_back(label.name.GetString(), label.value.GetString());
  return kube::selector_text(labels);
}

void add_hosts(std::string_view kind, std::string_view alias, const json::Value& workload,
               const json::Value& pod_list, std::set<std::string>& to) {
  const json::Value* pods = json::find(pod_list, "items");
  if (!pods || !pods->IsArray()) return;
  for (const json::Value& pod : pods->GetArray()) {
    if (!is_pod_of(kind, workload, pod) || !sidecar_is_ready(pod)) continue;
    to.insert(api::host_name(kind, alias, kube::name_of(pod), json::text(pod, "spec", "nodeName")));
  }
}

std::int32_t expected_hosts(std::string_view kind, std::string_view alias, const json::Value& workload,
                            const api::BackupTargetStatus* target) {
  const std::int32_t now = api::total_hosts(kind, workload);
  if (kind != "StatefulSet" || !target) return now;
  std::set<std::string> present;
  for (std::int32_t i = 0; i < now; ++i)
    present.insert(api::host_name(kind, alias, fmt::format("{}-{}", kube::name_of(workload), i), ""));
  const auto left = std::count_if(target->stats.begin(), target->stats.end(), [&](const auto& host) {
    return has_reported(host) && !present.contains(host.hostname);
  });
  return now + static_cast<std::int32_t>(left);
}

Missing missing_hosts(std::int32_t expected, const api::BackupTargetStatus& target,
                      const std::set<std::string>& with_executor) {
  std::set<std::string> reported;
  for (const api::HostBackupStats& host : target.stats)
    if (has_reported(host)) reported.insert(host.hostname);
  const auto working = std::count_if(with_executor.begin(), with_executor.end(),
                                     [&](const std::string& host) { return !reported.contains(host); });
  Missing out;
  out.others_working = working > 0;
  out.hosts =
      std::max(0, expected - static_cast<std::int32_t>(reported.size()) - static_cast<std::int32_t>(working));
  return out;
}

}  // namespace stash::controller
