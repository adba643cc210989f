#include "stash/api/names.hpp"

#include <algorithm>

#include "api/fnv.hpp"

namespace stash::api {
namespace {

constexpr std::size_t kLabelLimit = 63;
constexpr std::size_t kCronJobLimit = 52;  // a CronJob adds 11 characters to the names of its Jobs
constexpr std::size_t kSessionLimit = 63;
constexpr std::size_t kNameLimit = 253;

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return out;
}

bool is_alphanumeric(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

std::string workload_name(std::string_view prefix, std::string_view kind, std::string_view workload) {
  return shortened(fmt::format("{}-{}-{}", prefix, lower(kind), workload), kNameLimit);
}

}  // namespace

std::string shortened(std::string_view text, std::size_t limit) {
  if (text.size() <= limit) return std::string(text);
  std::string_view head = text.substr(0, limit - 9);
  while (!head.empty() && !is_alphanumeric(head.back())) head.remove_suffix(1);
  return fmt::format("{}-{:08x}", head, fnv1a(text) & 0xffffffffu);
}

std::string label_value(std::string_view text) { return shortened(text, kLabelLimit); }

Labels offshoot_labels(const Labels& of_invoker, std::string_view component) {
  Labels out = of_invoker;
  out[std::string(kComponentLabel)] = component;
  out[std::string(kManagedByLabel)] = kManagedBy;
  return out;
}

Labels session_labels(const BackupConfiguration& configuration) {
  Labels out = offshoot_labels(configuration.metadata.labels, kBackupComponent);
  out[std::string(kInvokerTypeLabel)] = kBackupConfiguration.kind;
  out[std::string(kInvokerNameLabel)] = label_value(configuration.metadata.name);
  if (!configuration.spec.target) return out;
  const TargetRef& ref = configuration.spec.target->ref;
  out[std::string(kTargetKindLabel)] = label_value(ref.kind);
  out[std::string(kTargetNameLabel)] = label_value(ref.name);
  out[std::string(kTargetNamespaceLabel)] = ref.ns.empty() ? configuration.metadata.ns : ref.ns;
  return out;
}

std::string cron_job_name(const BackupConfiguration& configuration) {
  const ObjectMeta& meta = configuration.metadata;
  const bool foreign = configuration.spec.target && !configuration.spec.target->ref.ns.empty() &&
                       configuration.spec.target->ref.ns != meta.ns;
  std::string name = foreign ? fmt::format("stash-trigger-{}-{}", meta.ns, meta.name)
                             : fmt::format("stash-trigger-{}", meta.name);
  std::replace(name.begin(), name.end(), '.', '-');
  if (foreign) return shortened(name, kCronJobLimit);
  if (name.size() > kCronJobLimit) name.erase(0, name.size() - kCronJobLimit);
  name.erase(0, name.find_first_not_of('-'));
  return name;
}

std::string session_name(std::string_view invoker, TimePoint at) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(at).time_since_epoch().count();
  const std::string suffix = fmt::format("-{}", seconds);
  return shortened(invoker, kSessionLimit - suffix.size()) + suffix;
}

std::string backup_lease_name(std::string_view kind, std::string_view workload) {
  return workload_name("lock", kind, fmt::format("{}-backup", workload));
}

std::string restore_lease_name(std::string_view kind, std::string_view workload) {
  return workload_name("lock", kind, fmt::format("{}-restore", workload));
}

std::string sidecar_binding_name(std::string_view kind, std::string_view workload) {
  return workload_name(kSidecarRole, kind, workload);
}

std::string init_binding_name(std::string_view kind, std::string_view workload) {
  return workload_name(kInitRole, kind, workload);
}

std::string backup_exec_binding_name(std::string_view kind, std::string_view workload) {
  return workload_name(fmt::format("{}-backup", kExecRole), kind, workload);
}

std::string restore_exec_binding_name(std::string_view kind, std::string_view workload) {
  return workload_name(fmt::format("{}-restore", kExecRole), kind, workload);
}

std::string repository_binding_name(std::string_view invoker_ns, std::string_view invoker_kind,
                                    std::string_view invoker, int index) {
  return shortened(fmt::format("{}-{}-{}-{}", invoker_ns, lower(invoker_kind), invoker, index), kNameLimit);
}

}  // namespace stash::api
