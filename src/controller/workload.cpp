// A workload's pod template: what all live BackupConfigurations and RestoreSessions together want of it, in
// one patch.
//
// Nothing is taken away from an invoker that still exists: if its Repository or Secret is missing for a
// moment, or an edit made it invalid, its container stays as it is. Taking it out would roll the pods twice,
// and a restoring workload would start without its data.

#include <algorithm>

#include "controller/controllers.hpp"
#include "controller/invokers.hpp"
#include "controller/prerequisites.hpp"
#include "controller/rights.hpp"
#include "stash/api/conditions.hpp"
#include "stash/api/names.hpp"
#include "stash/base/log.hpp"
#include "stash/kube/meta.hpp"
#include "stash/kube/resources.hpp"
#include "stash/kube/status.hpp"

namespace stash::controller {
namespace {

/// Whose injection is wanted; or, with `hold`, that what is there is left alone.
template <class Invoker>
struct Choice {
  std::optional<Invoker> invoker;
  api::Repository repository;
  bool hold = false;

  Choice() {}
};

/// The Repository, when it, its Secret and the right to use it are there.
Task<std::optional<api::Repository>> usable_repository(Context& context, kube::Ref ref, std::string user) {
  const auto document = co_await context.client.find(api::kRepository, ref);
  if (!document || kube::is_deleting(*document)) co_return std::nullopt;
  api::Repository repository = api::Repository::parse(*document);
  if (!faults_of(repository).empty()) co_return std::nullopt;
  const bool allowed = co_await may_use(context, repository, user);
  if (!allowed) co_return std::nullopt;
  const kube::Ref secret_ref(ref.ns, repository.spec.backend.storage_secret_name);
  const auto secret = co_await context.client.find(kube::kSecret, secret_ref);
  if (!secret) co_return std::nullopt;
  co_return repository;
}

/// The first candidate that can be served. `applied` names the one that is served now.
template <class Invoker>
Task<Choice<Invoker>> choose(Context& context, std::vector<Examined<Invoker>> candidates, kube::Ref applied) {
  Choice<Invoker> choice;
  sort_candidates(candidates);
  for (Examined<Invoker>& candidate : candidates) {
    const api::ObjectMeta& meta = candidate.invoker.metadata;
    std::optional<api::Repository> repository;
    if (candidate.faults.empty())
      repository = co_await usable_repository(context, candidate.invoker.repository(), meta.ns);
    if (repository) {
      choice.invoker = std::move(candidate.invoker);
      choice.repository = std::move(*repository);
      break;
    }
    if (kube::Ref(meta.ns, meta.name) == applied) {
      choice.hold = true;
      break;
    }
  }
  co_return choice;
}

/// An invoker serves its own namespace only, as validation tells its author. One of another namespace must
/// not so much as hold back those that may serve the workload.
std::vector<kube::Ref> neighbours(std::vector<kube::Ref> invokers, const kube::Ref& workload) {
  std::erase_if(invokers, [&](const kube::Ref& invoker) { return invoker.ns != workload.ns; });
  return invokers;
}

Task<Choice<api::BackupConfiguration>> choose_backup(Context& context, std::string kind, kube::Ref workload,
                                                     kube::Ref applied) {
  std::vector<Examined<api::BackupConfiguration>> candidates;
  for (const kube::Ref& ref : neighbours(context.world.configurations_of(kind, workload), workload)) {
    const auto document = co_await context.client.find(api::kBackupConfiguration, ref);
    if (document && !kube::is_deleting(*document)) candidates.push_back(examine_configuration(*document));
  }
  co_return co_await choose(context, std::move(candidates), std::move(applied));
}

/// A RestoreSession that has ended keeps its init container until it is deleted, but never gets one again.
Task<Choice<api::RestoreSession>> choose_restore(Context& context, std::string kind, kube::Ref workload,
                                                 kube::Ref applied) {
  std::vector<Examined<api::RestoreSession>> candidates;
  for (const kube::Ref& ref : neighbours(context.world.restores_of(kind, workload), workload)) {
    const auto document = co_await context.client.find(api::kRestoreSession, ref);
    if (!document || kube::is_deleting(*document)) continue;
    Examined<api::RestoreSession> examined = examine_restore(*document);
    if (!examined.invoker.finished() || ref == applied) candidates.push_back(std::move(examined));
  }
  co_return co_await choose(context, std::move(candidates), std::move(applied));
}

/// Everything that one reconciliation decides.
struct Decision {
  Choice<api::BackupConfiguration> backup;
  Choice<api::RestoreSession> restore;
  Wish sidecar;
  Wish init;

  Decision() {}
};

Task<Decision> decide(Context& context, std::string kind, kube::Ref ref, const json::Value& workload) {
  Decision d;
  d.backup = co_await choose_backup(context, kind, ref, applied_backup_invoker(workload));
  d.restore = co_await choose_restore(context, kind, ref, applied_restore_invoker(workload));
  d.sidecar.untouched = d.backup.hold;
  d.init.untouched = d.restore.hold;
  if (d.backup.invoker)
    d.sidecar.injection =
        sidecar_injection(*d.backup.invoker, d.backup.repository, workload, context.executor);
  if (d.restore.invoker)
    d.init.injection = init_injection(*d.restore.invoker, d.restore.repository, workload, context.executor);
  co_return d;
}

Task<void> ensure_all_rights(Context& context, const kube::Resource& resource, const json::Value& workload,
                             const Decision& d) {
  if (d.backup.invoker) {
    RightsHolder holder{&api::kBackupConfiguration, d.backup.invoker->metadata, d.backup.repository,
                        runs_commands(*d.backup.invoker)};
    co_await ensure_rights(context, resource, workload, std::move(holder));
  }
  if (d.restore.invoker) {
    RightsHolder holder{&api::kRestoreSession, d.restore.invoker->metadata, d.restore.repository,
                        runs_commands(*d.restore.invoker)};
    co_await ensure_rights(context, resource, workload, std::move(holder));
  }
}

/// The container of this invoker is there and nobody wants it any more.
bool is_taken_out(const Wish& wish, const kube::Ref& applied) {
  return !wish.injection && !wish.untouched && !applied.name.empty();
}

/// A target that its invoker has left is not known any more when that goes.
Task<void> withdraw_rights(Context& context, const kube::Resource& resource, const json::Value& workload,
                           const Decision& d) {
  const std::string kind(resource.kind);
  const kube::Ref ref = kube::ref_of(workload);
  if (is_taken_out(d.sidecar, applied_backup_invoker(workload)))
    co_await remove_executor_bindings(context, api::kBackupConfiguration, kind, ref);
  if (is_taken_out(d.init, applied_restore_invoker(workload)))
    co_await remove_executor_bindings(context, api::kRestoreSession, kind, ref);
}

/// The deeds of one patch, as events tell them.
std::vector<std::string> deeds(const json::Value& workload, const Decision& d) {
  std::vector<std::string> out;
  if (d.sidecar.injection && !has_sidecar(workload, d.sidecar.injection->hash))
    out.emplace_back("Sidecar Injection");
  if (is_taken_out(d.sidecar, applied_backup_invoker(workload))) out.emplace_back("Sidecar Deletion");
  if (d.init.injection && !has_init_container(workload, d.init.injection->hash))
    out.emplace_back("Init-Container Injection");
  if (is_taken_out(d.init, applied_restore_invoker(workload))) out.emplace_back("Init-Container Deletion");
  return out;
}

/// Events on the workload; `failure` is empty when the patch was taken.
Task<void> tell(Context& context, const kube::Resource& resource, const json::Value& workload,
                std::vector<std::string> done, std::string failure) {
  const bool good = failure.empty();
  for (const std::string& deed : done) {
    const std::string what = fmt::format("{} {}", resource.kind, kube::ref_of(workload).str());
    const std::string message = good ? fmt::format("{}: its pods roll once.", what)
                                     : fmt::format("{} could not be changed: {}", what, failure);
    kube::EventSubject subject(resource, workload);
    co_await context.events.workloads.record(std::move(subject),
                                             good ? kube::Severity::Normal : kube::Severity::Warning,
                                             deed + (good ? " Succeeded" : " Failed"), message);
  }
}

/// Tells the invoker that its container was refused; the success is told by its own controller.
Task<void> tell_refusal(Context& context, const kube::Resource& kind, const api::ObjectMeta& invoker,
                        api::ConditionType type, std::string failure) {
  const TimePoint now = context.timers.now();
  auto change = [&kind, uid = invoker.uid, type, failure,
                 now](const json::Value& object) -> std::optional<std::string> {
    if (kube::uid_of(object) != uid) return std::nullopt;
    auto conditions = conditions_of(kind, object);
    if (!api::set_condition(conditions, api::condition(type, api::ConditionStatus::False, failure), now))
      return std::nullopt;
    return fmt::format(R"({{"conditions":{}}})", api::to_json(conditions));
  };
  const kube::Ref ref(invoker.ns, invoker.name);
  co_await kube::update_status(context.client, kind, ref, std::move(change));
}

Task<void> tell_refusals(Context& context, const json::Value& workload, const Decision& d,
                         std::string failure) {
  if (d.sidecar.injection && !has_sidecar(workload, d.sidecar.injection->hash))
    co_await tell_refusal(context, api::kBackupConfiguration, d.backup.invoker->metadata,
                          api::kSidecarInjected, failure);
  if (d.init.injection && !has_init_container(workload, d.init.injection->hash))
    co_await tell_refusal(context, api::kRestoreSession, d.restore.invoker->metadata,
                          api::kInitContainerInjected, failure);
}

/// A place of ours in a pod template, as its invoker is told of it.
struct Place {
  const kube::Resource& invoker;
  api::ConditionType condition;
  std::string_view container;
  const char* deed;
};

/// An application has a container by the name of ours.
Task<void> tell_taken(Context& context, const kube::Resource& resource, const json::Value& workload,
                      Place place, const api::ObjectMeta& invoker) {
  const std::string failure = fmt::format(
      "Container \"{}\" of {} {} is not of Stash and is left alone: rename or remove it, and the one of "
      "Stash is injected.",
      place.container, resource.kind, kube::ref_of(workload).str());
  std::vector<std::string> deed{place.deed};
  co_await tell(context, resource, workload, std::move(deed), failure);
  co_await tell_refusal(context, place.invoker, invoker, place.condition, failure);
}

/// Where a place is taken, the invoker is told and gets nothing.
Task<void> give_way(Context& context, const kube::Resource& resource, const json::Value& workload,
                    Decision& d) {
  if (d.sidecar.injection && has_foreign_sidecar(workload)) {
    const Place place{api::kBackupConfiguration, api::kSidecarInjected, api::kSidecarContainer,
                      "Sidecar Injection"};
    co_await tell_taken(context, resource, workload, place, d.backup.invoker->metadata);
    d.backup.invoker.reset();
    d.sidecar.injection.reset();
  }
  if (d.init.injection && has_foreign_init_container(workload)) {
    const Place place{api::kRestoreSession, api::kInitContainerInjected, api::kInitContainer,
                      "Init-Container Injection"};
    co_await tell_taken(context, resource, workload, place, d.restore.invoker->metadata);
    d.restore.invoker.reset();
    d.init.injection.reset();
  }
}

Task<void> patch_workload(Context& context, const kube::Resource& resource, const json::Value& workload,
                          const Decision& d, std::string patch) {
  const kube::Ref ref = kube::ref_of(workload);
  std::optional<Error> refused;
  try {
    kube::PatchOptions options(kube::PatchType::Json, "");
    co_await context.client.patch(resource, ref, std::move(patch), std::move(options));
  } catch (const Error& e) {
    if (e.kind() != ErrorKind::Invalid && e.kind() != ErrorKind::Denied) throw;
    refused = e;
  }
  const std::string failure = refused ? refused->what() : "";
  co_await tell(context, resource, workload, deeds(workload, d), failure);
  if (!refused) co_return;
  co_await tell_refusals(context, workload, d, failure);
  throw *refused;
}

}  // namespace

Task<kube::Action> reconcile_workload(Context& context, std::string kind, kube::Ref ref) {
  const kube::Resource& resource = *workload_resource(kind);
  const auto workload = co_await context.client.find(resource, ref);
  if (!workload || kube::is_deleting(*workload)) co_return kube::Action::await_change();
  Decision d = co_await decide(context, kind, ref, *workload);
  co_await give_way(context, resource, *workload, d);
  // Rights come before the pods that need them.
  co_await ensure_all_rights(context, resource, *workload, d);
  co_await withdraw_rights(context, resource, *workload, d);
  const auto patch = injection_patch(*workload, d.sidecar, d.init);
  if (!patch) co_return kube::Action::await_change();
  co_await patch_workload(context, resource, *workload, d, *patch);
  log::info("workload patched", {{"kind", kind}, {"workload", ref.str()}});
  for (const kube::Ref& invoker : context.world.configurations_of(kind, ref))
    context.queues.configurations.add(invoker);
  for (const kube::Ref& invoker : context.world.restores_of(kind, ref)) context.queues.restores.add(invoker);
  co_return kube::Action::await_change();
}

}  // namespace stash::controller
