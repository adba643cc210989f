#include "controller/rights.hpp"

#include "stash/api/names.hpp"
#include "stash/kube/meta.hpp"
#include "stash/kube/resources.hpp"

namespace stash::controller {
namespace {

bool is_backup(const kube::Resource& invoker_kind) { return &invoker_kind == &api::kBackupConfiguration; }

std::string executor_binding(const kube::Resource& invoker_kind, std::string_view workload_kind,
                             std::string_view workload) {
  return is_backup(invoker_kind) ? api::sidecar_binding_name(workload_kind, workload)
                                 : api::init_binding_name(workload_kind, workload);
}

std::string exec_binding(const kube::Resource& invoker_kind, std::string_view workload_kind,
                         std::string_view workload) {
  return is_backup(invoker_kind) ? api::backup_exec_binding_name(workload_kind, workload)
                                 : api::restore_exec_binding_name(workload_kind, workload);
}

std::string repository_binding(const kube::Resource& invoker_kind, const kube::Ref& invoker) {
  return api::repository_binding_name(invoker.ns, invoker_kind.kind, invoker.name, 0);
}

std::string owner_json(const kube::Resource& kind, const api::ObjectMeta& owner) {
  kube::OwnerReference reference;
  reference.api_version = kind.api_version();
  reference.kind = kind.kind;
  reference.name = owner.name;
  reference.uid = owner.uid;
  return reference.json();
}

/// The binding of the executors' ClusterRole; it goes with the workload.
BindingOptions wide(const kube::Resource& resource, const json::Value& workload, const RightsHolder& holder) {
  const bool backup = is_backup(*holder.invoker_kind);
  BindingOptions options;
  options.name = executor_binding(*holder.invoker_kind, resource.kind, kube::name_of(workload));
  options.ns = kube::namespace_of(workload);
  options.role_kind = "ClusterRole";
  options.role = backup ? api::kSidecarRole : api::kInitRole;
  options.account = service_account_of(workload);
  options.account_ns = options.ns;
  options.owner = kube::owner_reference(resource, workload, false).json();
  options.invoker = holder.invoker;
  options.component = backup ? api::kBackupComponent : api::kRestoreComponent;
  return options;
}

/// The binding of the ClusterRole for hooks that run commands; it goes with the workload, too.
BindingOptions for_hooks(BindingOptions options, const kube::Resource& resource, const json::Value& workload,
                         const RightsHolder& holder) {
  options.name = exec_binding(*holder.invoker_kind, resource.kind, kube::name_of(workload));
  options.role = api::kExecRole;
  return options;
}

/// The binding of the Role for one Repository; it goes with the invoker, where owners may be named.
BindingOptions narrow(BindingOptions options, const RightsHolder& holder) {
  const kube::Ref invoker(holder.invoker.ns, holder.invoker.name);
  options.name = repository_binding(*holder.invoker_kind, invoker);
  options.ns = holder.repository.metadata.ns;
  options.owner = options.ns == invoker.ns ? owner_json(*holder.invoker_kind, holder.invoker) : "";
  options.role_kind = "Role";
  options.role = options.name;
  return options;
}

Task<void> remove_binding(Context& context, kube::Ref ref) {
  return context.client.remove(kube::kRoleBinding, std::move(ref), kube::Propagation::Background, "");
}

}  // namespace

Task<void> ensure_rights(Context& context, const kube::Resource& resource, const json::Value& workload,
                         RightsHolder holder) {
  const BindingOptions executor = wide(resource, workload, holder);
  const BindingOptions hooks = for_hooks(executor, resource, workload, holder);
  const BindingOptions repository = narrow(executor, holder);
  const kube::Ref executor_ref(executor.ns, executor.name);
  const kube::Ref hooks_ref(hooks.ns, hooks.name);
  const kube::Ref repository_ref(repository.ns, repository.name);
  co_await apply(context, kube::kRoleBinding, executor_ref, role_binding(executor));
  if (holder.runs_commands)
    co_await apply(context, kube::kRoleBinding, hooks_ref, role_binding(hooks));
  else
    co_await remove_binding(context, hooks_ref);
  co_await apply(context, kube::kRole, repository_ref, repository_role(repository, holder.repository));
  co_await apply(context, kube::kRoleBinding, repository_ref, role_binding(repository));
}

Task<void> remove_repository_rights(Context& context, const kube::Resource& invoker_kind, kube::Ref invoker,
                                    std::string repository_ns) {
  const kube::Ref ref(std::move(repository_ns), repository_binding(invoker_kind, invoker));
  co_await remove_binding(context, ref);
  co_await context.client.remove(kube::kRole, ref, kube::Propagation::Background, "");
}

Task<void> remove_executor_bindings(Context& context, const kube::Resource& invoker_kind,
                                    std::string workload_kind, kube::Ref workload) {
  const kube::Ref executor(workload.ns, executor_binding(invoker_kind, workload_kind, workload.name));
  const kube::Ref hooks(workload.ns, exec_binding(invoker_kind, workload_kind, workload.name));
  co_await remove_binding(context, executor);
  co_await remove_binding(context, hooks);
}

}  // namespace stash::controller
