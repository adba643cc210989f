#include "controller/container_security.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "stash/api/names.hpp"

namespace stash::controller {
namespace {

constexpr std::string_view kLocked =
    R"("allowPrivilegeEscalation":false,"capabilities":{"drop":["ALL"]},"seccompProfile":{"type":"RuntimeDefault"})";

using Containers = std::vector<const json::Value*>;

/// The containers of a list of the template that are the application's.
Containers containers_of(const json::Value& workload, const char* list) {
  Containers out;
  const json::Value* items = json::find(workload, "spec", "template", "spec", list);
  if (!items || !items->IsArray()) return out;
  for (const json::Value& container : items->GetArray()) {
    const std::string_view name = json::text(container, "name");
    if (name != api::kSidecarContainer && name != api::kInitContainer) out.push_back(&container);
  }
  return out;
}

bool says_non_root(const json::Value& owner) {
  return json::is_true(owner, "securityContext", "runAsNonRoot");
}

/// The template says so for the pod, or for each of its containers.
bool is_non_root(const json::Value& workload) {
  const json::Value* pod = json::find(workload, "spec", "template", "spec");
  if (pod && says_non_root(*pod)) return true;
  Containers all = containers_of(workload, "containers");
  const Containers init = containers_of(workload, "initContainers");
  all.insert(all.end(), init.begin(), init.end());
  return !all.empty() && std::all_of(all.begin(), all.end(), [](const auto* c) { return says_non_root(*c); });
}

/// User and group of the first container that sets them for itself, as members. What the pod sets is
/// inherited.
std::string own_user(const json::Value& workload) {
  for (const json::Value* container : containers_of(workload, "containers")) {
    const auto user = json::integer(*container, "securityContext", "runAsUser");
    const auto group = json::integer(*container, "securityContext", "runAsGroup");
    if ((!user && !group) || user == 0) continue;
    return (user ? fmt::format(R"("runAsUser":{},)", *user) : "") +
           (group ? fmt::format(R"("runAsGroup":{},)", *group) : "");
  }
  return "";
}

std::string restricted(const json::Value& workload) {
  return fmt::format(R"({{"runAsNonRoot":true,{}{}}})", own_user(workload), kLocked);
}

}  // namespace

std::string sidecar_security(const json::Value& workload) {
  return is_non_root(workload) ? restricted(workload) : "";
}

std::string init_security(const json::Value& workload) {
  return is_non_root(workload) ? restricted(workload)
                               : R"({"runAsUser":0,"runAsGroup":0,"runAsNonRoot":false})";
}

std::string trigger_security(const api::RuntimePod& pod) {
  const std::string& given = pod.security_context.text;
  const bool root = !given.empty() && json::integer(json::parse(given, "securityContext"), "runAsUser") == 0;
  return fmt::format(R"({{{}"readOnlyRootFilesystem":true,{}}})", root ? "" : R"("runAsNonRoot":true,)",
                     kLocked);
}

}  // namespace stash::controller
