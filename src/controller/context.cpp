#include "controller/context.hpp"

#include <algorithm>

#include "stash/json/write.hpp"
#include "stash/kube/meta.hpp"
#include "stash/kube/resources.hpp"

namespace stash::controller {

const kube::Resource* workload_resource(std::string_view kind) {
  if (kind == "Deployment") return &kube::kDeployment;
  if (kind == "StatefulSet") return &kube::kStatefulSet;
  if (kind == "DaemonSet") return &kube::kDaemonSet;
  return nullptr;
}

kube::WorkQueue* Queues::workload(std::string_view kind) {
  if (kind == "Deployment") return &deployments;
  if (kind == "StatefulSet") return &stateful_sets;
  if (kind == "DaemonSet") return &daemon_sets;
  return nullptr;
}

kube::EventSubject subject_of(const kube::Resource& resource, const api::ObjectMeta& meta) {
  kube::EventSubject subject;
  subject.api_version = resource.api_version();
  subject.kind = resource.kind;
  subject.ref = {meta.ns, meta.name};
  subject.uid = meta.uid;
  return subject;
}

std::string status_members(const std::string& status_patch) {
  constexpr std::string_view kBefore = R"({"status":)";
  return status_patch.substr(kBefore.size(), status_patch.size() - kBefore.size() - 1);
}

Task<void> apply(Context& context, const kube::Resource& resource, kube::Ref ref, std::string body) {
  kube::PatchOptions options(kube::PatchType::Apply, "");
  co_await context.client.patch(resource, std::move(ref), std::move(body), std::move(options));
}

Task<void> set_finalizer(kube::Client& client, const kube::Resource& resource, const api::ObjectMeta& meta,
                         std::string_view finalizer, bool present) {
  if (meta.has_finalizer(finalizer) == present) co_return;
  std::vector<std::string> finalizers = meta.finalizers;
  if (present)
    finalizers.emplace_back(finalizer);
  else
    std::erase(finalizers, finalizer);
  std::string body =
      fmt::format(R"({{"metadata":{{"resourceVersion":{},"uid":{},"finalizers":{}}}}})",
                  json::quote(meta.resource_version), json::quote(meta.uid), json::to_text(finalizers));
  kube::PatchOptions options(kube::PatchType::Merge, "");
  try {
    co_await client.patch(resource, {meta.ns, meta.name}, std::move(body), std::move(options));
  } catch (const Error& e) {
    if (e.kind() != ErrorKind::NotFound || present) throw;
  }
}

}  // namespace stash::controller
