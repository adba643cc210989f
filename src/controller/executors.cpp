#include "controller/executors.hpp"

#include <algorithm>

#include "stash/api/host.hpp"
#include "stash/api/names.hpp"
#include "stash/base/error.hpp"
#include "stash/kube/meta.hpp"

namespace stash::controller {
namespace {

/// In a crash loop a sidecar is ready for seconds, again and again.
constexpr Duration kSteady = std::chrono::minutes(1);

std::int64_t status_number(const json::Value& workload, const char* key) {
  return json::integer(workload, "status", key).value_or(0);
}

std::int64_t wanted_pods(std::string_view kind, const json::Value& workload) {
  if (kind == "DaemonSet") return status_number(workload, "desiredNumberScheduled");
  return json::integer(workload, "spec", "replicas").value_or(1);
}

/// The entry of that name in a list of containers or their statuses; null when it has none.
const json::Value* named(const json::Value* list, std::string_view name) {
  if (!list || !list->IsArray()) return nullptr;
  const auto found = std::find_if(list->Begin(), list->End(),
                                  [&](const json::Value& item) { return json::text(item, "name") == name; });
  return found == list->End() ? nullptr : &*found;
}

bool sidecar_is_ready(const json::Value& pod, TimePoint now) {
  const json::Value* status = named(json::find(pod, "status", "containerStatuses"), api::kSidecarContainer);
  if (!status || !json::is_true(*status, "ready")) return false;
  if (json::integer(*status, "restartCount").value_or(0) == 0) return true;
  const auto started = parse_time(json::text(*status, "state", "running", "startedAt"));
  return !started || now - *started >= kSteady;
}

/// Where a rollout is stuck, pods may have the sidecar of another.
bool serves(const json::Value& pod, std::string_view invoker) {
  const json::Value* sidecar = named(json::find(pod, "spec", "containers"), api::kSidecarContainer);
  const json::Value* args = sidecar ? json::find(*sidecar, "args") : nullptr;
  if (!args || !args->IsArray()) return false;
  const std::string wanted = fmt::format("--invoker-name={}", invoker);
  return std::any_of(args->Begin(), args->End(),
                     [&](const json::Value& arg) { return arg.IsString() && arg.GetString() == wanted; });
}

bool is_restoring(const json::Value& pod) {
  const json::Value* status = named(json::find(pod, "status", "initContainerStatuses"), api::kInitContainer);
  return status && json::find(*status, "state", "running");
}

/// A Deployment's pods belong to its ReplicaSets, so they are known by their labels alone.
bool is_pod_of(std::string_view kind, const json::Value& workload, const json::Value& pod) {
  if (kind != "Deployment") return kube::is_owned_by(pod, kube::uid_of(workload));
  const json::Value* selector = json::find(workload, "spec", "selector");
  return selector && kube::selector_matches(*selector, json::find(pod, "metadata", "labels"));
}

std::set<std::string> hosts_of_ordinals(std::string_view alias, const json::Value& workload,
                                        std::int32_t count) {
  const auto first = json::integer(workload, "spec", "ordinals", "start").value_or(0);
  std::set<std::string> hosts;
  for (std::int64_t i = first; i < first + count; ++i)
    hosts.insert(api::host_name("StatefulSet", alias, fmt::format("{}-{}", kube::name_of(workload), i), ""));
  return hosts;
}

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

Reports reports_of(const api::BackupTargetStatus& target) {
  Reports out;
  out.expected = target.total_hosts.value_or(0);
  for (const api::HostBackupStats& host : target.stats)
    if (host.phase != api::HostPhase::Unset) out.hosts.insert(host.hostname);
  return out;
}

Reports reports_of(const api::RestoreSessionStatus& status) {
  using Phase = api::RestoreHostPhase;
  Reports out;
  out.expected = status.total_hosts.value_or(0);
  for (const api::HostRestoreStats& host : status.stats)
    if (host.phase != Phase::Unset && host.phase != Phase::Running) out.hosts.insert(host.hostname);
  return out;
}

bool count_needs_pods(std::string_view kind, const json::Value& workload, const Reports& reports) {
  return kind == "DaemonSet" && std::ssize(reports.hosts) >= api::total_hosts(kind, workload);
}

bool needs_pods(std::string_view kind, const json::Value& workload, const Reports& reports) {
  // A pod of an older template can be ready without a sidecar.
  return lacks_ready_pods(kind, workload) || !is_rolled_out(kind, workload) ||
         count_needs_pods(kind, workload, reports);
}

std::string pod_selector(const json::Value& workload) {
  std::vector<std::pair<std::string, std::string>> labels;
  const json::Value* wanted = json::find(workload, "spec", "selector", "matchLabels");
  if (!wanted || !wanted->IsObject()) return "";
  for (const auto& label : wanted->GetObject())
    labels.emplace_back(label.name.GetString(), label.value.GetString());
  return kube::selector_text(labels);
}

void add_hosts(const PodQuery& query, const json::Value& workload, const json::Value& pod_list, TimePoint now,
               PodHosts& to) {
  const json::Value* pods = json::find(pod_list, "items");
  if (!pods || !pods->IsArray()) return;
  for (const json::Value& pod : pods->GetArray()) {
    if (!is_pod_of(query.kind, workload, pod) || kube::is_deleting(pod)) continue;
    const auto host =
        api::host_name(query.kind, query.alias, kube::name_of(pod), json::text(pod, "spec", "nodeName"));
    to.present.insert(host);
    if (is_restoring(pod)) to.restoring.insert(host);
    if (!sidecar_is_ready(pod, now) || !serves(pod, query.invoker)) continue;
    to.with_sidecar.insert(host);
    const std::string_view hash = kube::annotation_of(pod, api::kBackupHashAnnotation);
    if (!hash.empty() && hash == query.hash) to.up_to_date.insert(host);
  }
}

std::int32_t expected_hosts(std::string_view kind, std::string_view alias, const json::Value& workload,
                            const Reports& reports, const PodHosts* pods) {
  const std::int32_t now = api::total_hosts(kind, workload);
  if (!api::each_pod_is_a_host(kind)) return now;
  if (kind == "DaemonSet" && !pods) return std::max(now, reports.expected);
  const auto present = kind == "StatefulSet" ? hosts_of_ordinals(alias, workload, now) : pods->present;
  const auto gone = std::count_if(reports.hosts.begin(), reports.hosts.end(),
                                  [&](const std::string& host) { return !present.contains(host); });
  const std::int32_t expected = now + static_cast<std::int32_t>(gone);
  return expected > 0 ? expected : reports.expected;
}

Missing missing_hosts(std::int32_t expected, const api::BackupTargetStatus& target,
                      const std::set<std::string>& with_executor) {
  const std::set<std::string> reported = reports_of(target).hosts;
  const auto working = std::count_if(with_executor.begin(), with_executor.end(),
                                     [&](const std::string& host) { return !reported.contains(host); });
  Missing out;
  out.others_working = working > 0;
  out.nobody = with_executor.empty();
  out.hosts =
      std::max(0, expected - static_cast<std::int32_t>(reported.size()) - static_cast<std::int32_t>(working));
  return out;
}

}  // namespace stash::controller
