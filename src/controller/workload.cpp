// A workload's pod template: what all live BackupConfigurations and RestoreSessions together want of it, in
// one patch.

#include <algorithm>

#include "controller/controllers.hpp"
#include "controller/objects.hpp"
#include "stash/api/conditions.hpp"
#include "stash/api/names.hpp"
#include "stash/api/spec_hash.hpp"
#include "stash/api/validate.hpp"
#include "stash/kube/meta.hpp"
#include "stash/kube/resources.hpp"

namespace stash::controller {
namespace {

/// An invoker that may be injected, with the Repository it uses.
template <class Invoker>
struct Candidate {
  Invoker invoker;
  api::Repository repository;
};

Task<std::optional<api::Repository>> usable_repository(Context& context, kube::Ref ref, std::string user) {
  const auto document = co_await context.client.find(api::kRepository, ref);
  if (!document) co_return std::nullopt;
  api::Repository repository = api::Repository::parse(*document);
  if (repository.metadata.ns != user) {
    const auto ns = co_await context.client.find(kube::kNamespace, {"", user});
    if (!api::may_use(repository, user, ns ? json::find(*ns, "metadata", "labels") : nullptr))
      co_return std::nullopt;
  }
  const auto secret =
      co_await context.client.find(kube::kSecret, {ref.ns, repository.spec.backend.storage_secret_name});
  if (!secret) co_return std::nullopt;
  co_return repository;
}

template <class Invoker>
bool newer(const Invoker& a, const Invoker& b) {
  return std::pair(a.metadata.created.value_or(TimePoint{}), a.metadata.name) >
         std::pair(b.metadata.created.value_or(TimePoint{}), b.metadata.name);
}

/// A restore that still works comes before one that has ended.
int precedence(const api::RestoreSession& session) {
  switch (session.status.phase) {
    case api::RestorePhase::Running:
      return 0;
    case api::RestorePhase::Unset:
    case api::RestorePhase::Pending:
      return 1;
    case api::RestorePhase::Failed:
      return 2;
    default:
      return 3;
  }
}

Task<std::optional<api::BackupConfiguration>> wanted_backup(Context& context, std::string kind,
                                                            kube::Ref workload) {
  std::optional<api::BackupConfiguration> best;
  for (const kube::Ref& ref : context.world.configurations_of(kind, workload)) {
    const auto document = co_await context.client.find(api::kBackupConfiguration, ref);
    if (!document) continue;
    api::BackupConfiguration bc = api::BackupConfiguration::parse(*document);
    if (bc.metadata.deleting || !api::validate(bc).empty()) continue;
    if (!best || newer(bc, *best)) best = std::move(bc);
  }
  co_return best;
}

Task<std::optional<api::RestoreSession>> wanted_restore(Context& context, std::string kind,
                                                        kube::Ref workload) {
  std::optional<api::RestoreSession> best;
  for (const kube::Ref& ref : context.world.restores_of(kind, workload)) {
    const auto document = co_await context.client.find(api::kRestoreSession, ref);
    if (!document) continue;
    api::RestoreSession session = api::RestoreSession::parse(*document);
    if (session.metadata.deleting || !api::validate(session).empty()) continue;
    const bool better = !best || precedence(session) < precedence(*best) ||
                        (precedence(session) == precedence(*best) && newer(session, *best));
    if (better) best = std::move(session);
  }
  co_return best;
}

Task<void> apply(Context& context, const kube::Resource& resource, kube::Ref ref, std::string body) {
  kube::PatchOptions options(kube::PatchType::Apply, "");
  co_await context.client.patch(resource, std::move(ref), std::move(body), std::move(options));
}

/// The rights of an executor in these pods: its ClusterRole here, and one Repository with its Secret where
/// that lives.
Task<void> ensure_rights(Context& context, const kube::Resource& resource, const json::Value& workload,
                         std::string invoker_kind, api::ObjectMeta invoker,
                         const api::Repository& repository) {
  const bool backup = invoker_kind == "BackupConfiguration";
  BindingOptions options;
  options.name = backup ? api::sidecar_binding_name(resource.kind, kube::name_of(workload))
                        : api::init_binding_name(resource.kind, kube::name_of(workload));
  options.ns = kube::namespace_of(workload);
  options.role_kind = "ClusterRole";
  options.role = backup ? api::kSidecarRole : api::kInitRole;
  options.account = service_account_of(workload);
  options.account_ns = options.ns;
  options.owner = kube::owner_reference(resource, workload, false).json();
  options.invoker = invoker;
  options.component = backup ? api::kBackupComponent : api::kRestoreComponent;
  co_await apply(context, kube::kRoleBinding, {options.ns, options.name}, role_binding(options));

  BindingOptions narrow = options;
  std::string lower = invoker_kind;
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  narrow.name = api::repository_binding_name(invoker.ns, lower, invoker.name, 0);
  narrow.ns = repository.metadata.ns;
  if (narrow.ns != options.ns) narrow.owner.clear();  // owners cannot live in another namespace
  narrow.role_kind = "Role";
  narrow.role = narrow.name;
  co_await apply(context, kube::kRole, {narrow.ns, narrow.name}, repository_role(narrow, repository));
  co_await apply(context, kube::kRoleBinding, {narrow.ns, narrow.name}, role_binding(narrow));
}

/// Events on the workload for what the patch did.
Task<void> tell(Context& context, const kube::Resource& resource, const json::Value& workload,
                const Injection* sidecar, const Injection* init) {
  const std::string_view kind = resource.kind;
  const bool had_sidecar = !applied_backup_invoker(workload).empty();
  const bool had_init = !applied_restore_invoker(workload).empty();
  const std::string name = kube::ref_of(workload).str();
  std::vector<std::pair<std::string, std::string>> events;
  if (sidecar && !has_sidecar(workload, sidecar->hash))
    events.emplace_back("Sidecar Injection Succeeded",
                        fmt::format("{} {} got the container stash.", kind, name));
  if (!sidecar && had_sidecar)
    events.emplace_back("Sidecar Deletion Succeeded",
                        fmt::format("{} {} lost the container stash.", kind, name));
  if (init && !has_init_container(workload, init->hash))
    events.emplace_back("Init-Container Injection Succeeded",
                        fmt::format("{} {} got the init container stash-init.", kind, name));
  if (!init && had_init)
    events.emplace_back("Init-Container Deletion Succeeded",
                        fmt::format("{} {} lost the init container stash-init.", kind, name));
  for (auto& [reason, message] : events) {
    kube::EventSubject subject(resource, workload);
    co_await context.events.record(std::move(subject), kube::Severity::Normal, reason, message);
  }
}

/// Nothing may be taken away while somebody's prerequisites are missing for a moment: that would roll the
/// pods for nothing.
bool must_wait(const json::Value& workload, const std::optional<api::BackupConfiguration>& backup,
               bool backup_ready) {
  return backup && !backup_ready && applied_backup_invoker(workload) == backup->metadata.name;
}

}  // namespace

Task<kube::Action> reconcile_workload(Context& context, std::string kind, kube::Ref ref) {
  const kube::Resource& resource = *workload_resource(kind);
  const auto workload = co_await context.client.find(resource, ref);
  if (!workload || kube::is_deleting(*workload)) co_return kube::Action::await_change();

  const auto backup = co_await wanted_backup(context, kind, ref);
  const auto restore = co_await wanted_restore(context, kind, ref);
  std::optional<api::Repository> backup_repository;
  std::optional<api::Repository> restore_repository;
  if (backup)
    backup_repository = co_await usable_repository(context, backup->repository(), backup->metadata.ns);
  if (restore)
    restore_repository = co_await usable_repository(context, restore->repository(), restore->metadata.ns);
  if (must_wait(*workload, backup, backup_repository.has_value()))
    co_return kube::Action::requeue(kRetryMissing);

  std::optional<Injection> sidecar;
  std::optional<Injection> init;
  if (backup_repository) sidecar = sidecar_injection(*backup, *backup_repository, context.executor);
  if (restore_repository) init = init_injection(*restore, *restore_repository, context.executor);
  const auto patch = injection_patch(*workload, sidecar ? &*sidecar : nullptr, init ? &*init : nullptr);
  if (!patch) co_return kube::Action::await_change();

  if (sidecar)
    co_await ensure_rights(context, resource, *workload, "BackupConfiguration", backup->metadata,
                           *backup_repository);
  if (init)
    co_await ensure_rights(context, resource, *workload, "RestoreSession", restore->metadata,
                           *restore_repository);
  kube::PatchOptions options(kube::PatchType::Json, "");
  co_await context.client.patch(resource, ref, *patch, std::move(options));
  co_await tell(context, resource, *workload, sidecar ? &*sidecar : nullptr, init ? &*init : nullptr);
  for (const kube::Ref& invoker : context.world.configurations_of(kind, ref))
    context.queues.configurations.add(invoker);
  for (const kube::Ref& invoker : context.world.restores_of(kind, ref)) context.queues.restores.add(invoker);
  co_return kube::Action::await_change();
}

}  // namespace stash::controller
