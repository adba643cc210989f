// BackupConfiguration: conditions, reference in the Repository, CronJob with its account, phase; and on
// deletion the way back. The workload's controller injects the sidecar.

#include "stash/api/backup_configuration.hpp"

#include <algorithm>

#include "controller/controllers.hpp"
#include "controller/objects.hpp"
#include "controller/prerequisites.hpp"
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

api::TypedRef reference_to(const api::BackupConfiguration& bc) {
  return {"", "BackupConfiguration", bc.metadata.ns, bc.metadata.name};
}

/// Puts the configuration into the Repository's status.references, or takes it out.
Task<void> set_reference(Context& context, kube::Ref repository, api::TypedRef reference, bool present) {
  if (repository.name.empty()) co_return;
  auto change = [reference, present](const json::Value& object) -> std::optional<std::string> {
    std::vector<api::TypedRef> references = api::Repository::parse(object).status.references;
    const auto it = std::find_if(references.begin(), references.end(), [&](const api::TypedRef& r) {
      return r.kind == reference.kind && r.ns == reference.ns && r.name == reference.name;
    });
    if ((it != references.end()) == present) return std::nullopt;
    if (present)
      references.push_back(reference);
    else
      references.erase(it);
    return R"({"references":)" + json::to_text(references) + "}";
  };
  co_await kube::update_status(context.client, api::kRepository, repository, std::move(change));
}

Task<void> apply(Context& context, const kube::Resource& resource, kube::Ref ref, std::string body) {
  kube::PatchOptions options(kube::PatchType::Apply, "");
  co_await context.client.patch(resource, std::move(ref), std::move(body), std::move(options));
}

/// Makes CronJob, ServiceAccount and RoleBinding what they should be; tells in CronJobCreated how it went.
Task<void> ensure_cron_job(Context& context, const api::BackupConfiguration& bc,
                           std::vector<api::Condition>& conditions) {
  const kube::Ref ref(bc.metadata.ns, api::cron_job_name(bc));
  std::string failure;
  if (const auto fault = api::cron_fault(bc.spec.schedule)) {
    failure = *fault;
  } else {
    try {
      const auto& pod = bc.spec.runtime_settings.pod;
      if (!pod || pod->service_account_name.empty())
        co_await apply(context, kube::kServiceAccount, ref, service_account(bc));
      co_await apply(context, kube::kRoleBinding, ref, trigger_binding(bc));
      co_await apply(context, kube::kCronJob, ref, cron_job(bc, context.executor));
    } catch (const Error& e) {
      if (retryable(e.kind())) throw;
      failure = e.what();
    }
  }
  const auto status = failure.empty() ? api::ConditionStatus::True : api::ConditionStatus::False;
  const std::string message = failure.empty()
                                  ? fmt::format("CronJob {} is there.", ref.str())
                                  : fmt::format("CronJob {} could not be made: {}", ref.str(), failure);
  const bool changed = api::set_condition(conditions, api::condition(api::kCronJobCreated, status, message),
                                          context.timers.now());
  if (changed && !failure.empty()) {
    kube::EventSubject subject;
    subject.api_version = api::kBackupConfiguration.api_version();
    subject.kind = "BackupConfiguration";
    subject.ref = {bc.metadata.ns, bc.metadata.name};
    subject.uid = bc.metadata.uid;
    co_await context.events.record(std::move(subject), kube::Severity::Warning, "CronJob Creation Failed",
                                   message);
  }
}

Task<void> write_status(Context& context, const api::BackupConfiguration& bc,
                        std::vector<api::Condition> conditions) {
  api::BackupConfigurationStatus status;
  status.observed_generation = bc.metadata.generation;
  status.phase = api::backup_configuration_phase(conditions, bc.driver());
  status.conditions = std::move(conditions);
  const std::string wanted = json::to_text(status);
  if (wanted == json::to_text(bc.status)) co_return;
  auto change = [wanted, uid = bc.metadata.uid](const json::Value& object) -> std::optional<std::string> {
    if (kube::uid_of(object) != uid) return std::nullopt;
    return wanted;
  };
  co_await kube::update_status(context.client, api::kBackupConfiguration, {bc.metadata.ns, bc.metadata.name},
                               std::move(change));
}

/// Waits for the workload's controller to take the sidecar out, then lets the object go.
Task<kube::Action> finalize(Context& context, const api::BackupConfiguration& bc) {
  co_await set_reference(context, bc.repository(), reference_to(bc), false);
  const api::TargetRef target = bc.spec.target ? bc.spec.target->ref : api::TargetRef{};
  if (const kube::Resource* resource = workload_resource(target.kind)) {
    const kube::Ref ref(target.ns.empty() ? bc.metadata.ns : target.ns, target.name);
    const auto workload = co_await context.client.find(*resource, ref);
    if (workload && !kube::is_deleting(*workload) && applied_backup_invoker(*workload) == bc.metadata.name) {
      context.queues.workload(target.kind)->add(ref);
      co_return kube::Action::requeue(std::chrono::milliseconds(500));
    }
  }
  if (!bc.repository().name.empty()) {
    const kube::Ref binding(
        bc.repository().ns,
        api::repository_binding_name(bc.metadata.ns, "backupconfiguration", bc.metadata.name, 0));
    co_await context.client.remove(kube::kRoleBinding, binding, kube::Propagation::Background, "");
    co_await context.client.remove(kube::kRole, binding, kube::Propagation::Background, "");
  }
  // The binding is the workload's: it stays as long as another invoker names the workload.
  const kube::Ref workload(target.ns.empty() ? bc.metadata.ns : target.ns, target.name);
  if (workload_resource(target.kind) && context.world.configurations_of(target.kind, workload).size() <= 1) {
    const kube::Ref rights(target.ns.empty() ? bc.metadata.ns : target.ns,
                           api::sidecar_binding_name(target.kind, target.name));
    co_await context.client.remove(kube::kRoleBinding, rights, kube::Propagation::Background, "");
  }
  co_await context.client.remove(kube::kCronJob, {bc.metadata.ns, api::cron_job_name(bc)},
                                 kube::Propagation::Background, "");
  co_await set_finalizer(context.client, api::kBackupConfiguration, bc.metadata, api::kInvokerFinalizer,
                         false);
  co_return kube::Action::await_change();
}

/// SidecarInjected as the workload shows it.
void observe_sidecar(const api::BackupConfiguration& bc, const json::Value& workload,
                     std::vector<api::Condition>& conditions, TimePoint now) {
  if (applied_backup_invoker(workload) != bc.metadata.name) return;
  const std::string message =
      fmt::format("{} {} has the sidecar.", bc.spec.target->ref.kind, kube::ref_of(workload).str());
  api::set_condition(conditions, api::condition(api::kSidecarInjected, api::ConditionStatus::True, message),
                     now);
}

}  // namespace

Task<kube::Action> reconcile_configuration(Context& context, kube::Ref ref) {
  const auto document = co_await context.client.find(api::kBackupConfiguration, ref);
  if (!document) co_return kube::Action::await_change();
  const api::BackupConfiguration bc = api::BackupConfiguration::parse(*document);
  if (bc.metadata.deleting) co_return co_await finalize(context, bc);
  co_await set_finalizer(context.client, api::kBackupConfiguration, bc.metadata, api::kInvokerFinalizer,
                         true);

  std::vector<api::Condition> conditions = bc.status.conditions;
  Wanted wanted{"BackupConfiguration",   ref,
                bc.repository(),         bc.spec.target ? bc.spec.target->ref : api::TargetRef{},
                api::kBackupTargetFound, api::validate(bc)};
  const Found found = co_await check_prerequisites(context, std::move(wanted), conditions);
  if (found.repository) co_await set_reference(context, bc.repository(), reference_to(bc), true);
  if (found.ready() && found.target) {
    context.queues.workload(bc.spec.target->ref.kind)->add(kube::ref_of(*found.target));
    observe_sidecar(bc, *found.target, conditions, context.timers.now());
    co_await ensure_cron_job(context, bc, conditions);
  }
  co_await write_status(context, bc, std::move(conditions));
  // Secrets are not watched, so what is missing is looked for again.
  co_return found.ready() && found.target ? kube::Action::requeue(std::chrono::minutes(5))
                                          : kube::Action::requeue(kRetryMissing);
}

}  // namespace stash::controller
