// BackupConfiguration: conditions, reference in the Repository, CronJob with its account, phase; and on
// deletion the way back. The workload's controller injects the sidecar.

#include "stash/api/backup_configuration.hpp"

#include <algorithm>

#include "controller/controllers.hpp"
#include "controller/invokers.hpp"
#include "controller/objects.hpp"
#include "controller/prerequisites.hpp"
#include "controller/rights.hpp"
#include "stash/api/conditions.hpp"
#include "stash/api/cron.hpp"
#include "stash/api/names.hpp"
#include "stash/api/phase.hpp"
#include "stash/api/validate.hpp"
#include "stash/kube/meta.hpp"
#include "stash/kube/resources.hpp"
#include "stash/kube/status.hpp"

namespace stash::controller {
namespace {

api::TargetRef target_of(const api::BackupConfiguration& bc) {
  return bc.spec.target ? bc.spec.target->ref : api::TargetRef{};
}

kube::Ref target_ref(const api::BackupConfiguration& bc) {
  const api::TargetRef target = target_of(bc);
  return {target.ns.empty() ? bc.metadata.ns : target.ns, target.name};
}

/// Puts the configuration into the Repository's status.references, or takes it out.
Task<void> set_reference(Context& context, const api::BackupConfiguration& bc, bool present) {
  const kube::Ref repository = bc.repository();
  if (repository.name.empty()) co_return;
  const api::TypedRef own{"", "BackupConfiguration", bc.metadata.ns, bc.metadata.name};
  auto change = [own, present](const json::Value& object) -> std::optional<std::string> {
    api::RepositoryStatus status;
    status.references = api::Repository::parse(object).status.references;
    const auto it = std::find_if(status.references.begin(), status.references.end(), [&](const auto& r) {
      return r.kind == own.kind && r.ns == own.ns && r.name == own.name;
    });
    if ((it != status.references.end()) == present) return std::nullopt;
    if (present)
      status.references.push_back(own);
    else
      status.references.erase(it);
    return status.references.empty() ? R"({"references":null})" : status_members(api::status_patch(status));
  };
  co_await kube::update_status(context.client, api::kRepository, repository, std::move(change));
}

/// Makes CronJob, ServiceAccount and RoleBinding; the answer is why it cannot be, or "".
Task<std::string> make_cron_job(Context& context, const api::BackupConfiguration& bc) {
  if (const auto fault = api::cron_fault(bc.spec.schedule))
    co_return fmt::format("spec.schedule \"{}\": {}", bc.spec.schedule, *fault);
  const kube::Ref ref(bc.metadata.ns, api::cron_job_name(bc));
  const auto& pod = bc.spec.runtime_settings.pod;
  const bool own_account = !pod || pod->service_account_name.empty();
  try {
    if (own_account) co_await apply(context, kube::kServiceAccount, ref, service_account(bc));
    co_await apply(context, kube::kRoleBinding, ref, trigger_binding(bc));
    co_await apply(context, kube::kCronJob, ref, cron_job(bc, context.executor));
  } catch (const Error& e) {
    if (e.kind() != ErrorKind::Invalid && e.kind() != ErrorKind::Denied) throw;
    co_return e.what();
  }
  co_return "";
}

Task<void> ensure_cron_job(Context& context, const api::BackupConfiguration& bc,
                           std::vector<api::Condition>& conditions) {
  const std::string failure = co_await make_cron_job(context, bc);
  const std::string name = kube::Ref(bc.metadata.ns, api::cron_job_name(bc)).str();
  const bool good = failure.empty();
  const std::string message = good ? fmt::format("CronJob {} is there.", name)
                                   : fmt::format("CronJob {} could not be made: {}", name, failure);
  const auto status = good ? api::ConditionStatus::True : api::ConditionStatus::False;
  const bool changed = api::set_condition(conditions, api::condition(api::kCronJobCreated, status, message),
                                          context.timers.now());
  if (good || !changed) co_return;
  co_await context.events.configurations.record(subject_of(api::kBackupConfiguration, bc.metadata),
                                                kube::Severity::Warning, "CronJob Creation Failed", message);
}

/// StashSidecarInjected as the workload shows it. A refused patch is told by the workload's controller.
void observe_sidecar(const api::BackupConfiguration& bc, const json::Value& workload,
                     std::vector<api::Condition>& conditions, TimePoint now) {
  const kube::Ref applied = applied_backup_invoker(workload);
  if (applied.name.empty()) return;
  const bool own = applied == kube::Ref(bc.metadata.ns, bc.metadata.name);
  const std::string what = fmt::format("{} {}", target_of(bc).kind, kube::ref_of(workload).str());
  const std::string message =
      own ? fmt::format("{} has the sidecar.", what)
          : fmt::format(
                "The sidecar of {} serves BackupConfiguration {}: a workload has one, for the newest.", what,
                applied.name);
  const auto status = own ? api::ConditionStatus::True : api::ConditionStatus::False;
  api::set_condition(conditions, api::condition(api::kSidecarInjected, status, message), now);
}

Task<void> write_status(Context& context, const api::BackupConfiguration& bc,
                        std::vector<api::Condition> conditions) {
  auto change = [found = news(bc.status.conditions, conditions), driver = bc.driver(), uid = bc.metadata.uid,
                 generation =
                     bc.metadata.generation](const json::Value& object) -> std::optional<std::string> {
    if (kube::uid_of(object) != uid) return std::nullopt;
    json::Faults passed_over;
    api::BackupConfigurationStatus status = api::BackupConfiguration::read(object, passed_over).status;
    const std::string before = api::status_patch(status);
    merge(status.conditions, found);
    status.observed_generation = generation;
    status.phase = api::backup_configuration_phase(status.conditions, driver);
    const std::string after = api::status_patch(status);
    return after == before ? std::nullopt : std::optional(status_members(after));
  };
  const kube::Ref ref(bc.metadata.ns, bc.metadata.name);
  co_await kube::update_status(context.client, api::kBackupConfiguration, ref, std::move(change));
}

/// True once no sidecar of this configuration is left in its target.
Task<bool> sidecar_is_gone(Context& context, const api::BackupConfiguration& bc) {
  const std::string kind = target_of(bc).kind;
  const kube::Resource* resource = workload_resource(kind);
  if (!resource || target_of(bc).name.empty()) co_return true;
  const auto workload = co_await context.client.find(*resource, target_ref(bc));
  if (!workload || kube::is_deleting(*workload)) co_return true;
  const kube::Ref applied = applied_backup_invoker(*workload);
  if (applied == kube::Ref(bc.metadata.ns, bc.metadata.name)) {
    context.queues.workload(kind)->add(target_ref(bc));
    co_return false;
  }
  if (applied.name.empty())
    co_await remove_executor_bindings(context, api::kBackupConfiguration, kind, target_ref(bc));
  co_return true;
}

Task<kube::Action> finalize(Context& context, const api::BackupConfiguration& bc) {
  if (!bc.metadata.has_finalizer(api::kInvokerFinalizer)) co_return kube::Action::await_change();
  const kube::Ref own(bc.metadata.ns, bc.metadata.name);
  const bool gone = co_await sidecar_is_gone(context, bc);
  if (!gone) co_return kube::Action::requeue(std::chrono::seconds(1));
  co_await set_reference(context, bc, false);
  if (!bc.repository().name.empty())
    co_await remove_repository_rights(context, api::kBackupConfiguration, own, bc.repository().ns);
  const kube::Ref cron(own.ns, api::cron_job_name(bc));
  co_await context.client.remove(kube::kCronJob, cron, kube::Propagation::Background, "");
  co_await set_finalizer(context.client, api::kBackupConfiguration, bc.metadata, api::kInvokerFinalizer,
                         false);
  co_return kube::Action::await_change();
}

Wanted wanted_by(const Examined<api::BackupConfiguration>& examined) {
  const api::BackupConfiguration& bc = examined.invoker;
  return {"BackupConfiguration",   {bc.metadata.ns, bc.metadata.name},
          bc.repository(),         target_of(bc),
          api::kBackupTargetFound, examined.faults,
          api::warnings(bc)};
}

}  // namespace

Task<kube::Action> reconcile_configuration(Context& context, kube::Ref ref) {
  const auto document = co_await context.client.find(api::kBackupConfiguration, ref);
  if (!document) co_return kube::Action::await_change();
  const Examined<api::BackupConfiguration> examined = examine_configuration(*document);
  const api::BackupConfiguration& bc = examined.invoker;
  if (bc.metadata.deleting) co_return co_await finalize(context, bc);
  co_await set_finalizer(context.client, api::kBackupConfiguration, bc.metadata, api::kInvokerFinalizer,
                         true);

  std::vector<api::Condition> conditions = bc.status.conditions;
  Wanted wanted = wanted_by(examined);
  const Found found = co_await check_prerequisites(context, std::move(wanted), conditions);
  if (found.repository) co_await set_reference(context, bc, true);
  const bool complete = found.ready() && found.target;
  if (complete) {
    context.queues.workload(target_of(bc).kind)->add(target_ref(bc));
    observe_sidecar(bc, *found.target, conditions, context.timers.now());
    co_await ensure_cron_job(context, bc, conditions);
  }
  co_await write_status(context, bc, std::move(conditions));
  // Secrets are not watched, so what is missing is looked for again.
  co_return kube::Action::requeue(complete ? Duration(std::chrono::minutes(5)) : kRetryMissing);
}

}  // namespace stash::controller
