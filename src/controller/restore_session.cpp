// RestoreSession: conditions, totals and the end; the init containers, injected by the workload's controller,
// do the work.

#include "stash/api/restore_session.hpp"

#include "controller/controllers.hpp"
#include "controller/prerequisites.hpp"
#include "controller/session_metrics.hpp"
#include "stash/api/conditions.hpp"
#include "stash/api/host.hpp"
#include "stash/api/names.hpp"
#include "stash/api/phase.hpp"
#include "stash/api/validate.hpp"
#include "stash/kube/meta.hpp"
#include "stash/kube/resources.hpp"
#include "stash/kube/status.hpp"

namespace stash::controller {
namespace {

using Edit = std::function<void(api::RestoreSession&, TimePoint)>;

/// Changes the status of the session as it is when it is written; the phase is computed from what came of it.
Task<void> change(Context& context, const api::RestoreSession& session, Edit edit) {
  const TimePoint now = context.timers.now();
  auto write = [edit, now,
                uid = session.metadata.uid](const json::Value& object) -> std::optional<std::string> {
    api::RestoreSession fresh = api::RestoreSession::parse(object);
    if (fresh.metadata.uid != uid || fresh.finished()) return std::nullopt;
    const std::string before = json::to_text(fresh.status);
    edit(fresh, now);
    fresh.status.phase = api::restore_session_phase(fresh.status);
    if (fresh.finished() && fresh.status.session_duration.empty())
      fresh.status.session_duration = format_duration(
          std::chrono::round<std::chrono::seconds>(now - fresh.metadata.created.value_or(now)));
    const std::string after = json::to_text(fresh.status);
    if (after == before) return std::nullopt;
    return after;
  };
  co_await kube::update_status(context.client, api::kRestoreSession,
                               {session.metadata.ns, session.metadata.name}, std::move(write));
}

/// Waits for the workload's controller to take the init container out, then lets the object go.
Task<kube::Action> finalize(Context& context, const api::RestoreSession& session) {
  const api::TargetRef target = session.spec.target ? session.spec.target->ref : api::TargetRef{};
  if (const kube::Resource* resource = workload_resource(target.kind)) {
    const kube::Ref ref(target.ns.empty() ? session.metadata.ns : target.ns, target.name);
    const auto workload = co_await context.client.find(*resource, ref);
    if (workload && !kube::is_deleting(*workload) &&
        applied_restore_invoker(*workload) == session.metadata.name) {
      context.queues.workload(target.kind)->add(ref);
      co_return kube::Action::requeue(std::chrono::milliseconds(500));
    }
  }
  if (!session.repository().name.empty()) {
    const kube::Ref binding(
        session.repository().ns,
        api::repository_binding_name(session.metadata.ns, "restoresession", session.metadata.name, 0));
    co_await context.client.remove(kube::kRoleBinding, binding, kube::Propagation::Background, "");
    co_await context.client.remove(kube::kRole, binding, kube::Propagation::Background, "");
  }
  // The binding is the workload's: it stays as long as another invoker names the workload.
  const kube::Ref workload(target.ns.empty() ? session.metadata.ns : target.ns, target.name);
  if (workload_resource(target.kind) && context.world.restores_of(target.kind, workload).size() <= 1) {
    const kube::Ref rights(target.ns.empty() ? session.metadata.ns : target.ns,
                           api::init_binding_name(target.kind, target.name));
    co_await context.client.remove(kube::kRoleBinding, rights, kube::Propagation::Background, "");
  }
  co_await set_finalizer(context.client, api::kRestoreSession, session.metadata, api::kInvokerFinalizer,
                         false);
  co_return kube::Action::await_change();
}

std::optional<TimePoint> deadline_of(const api::RestoreSession& session) {
  if (!session.spec.time_out || session.spec.time_out->value <= Duration::zero() || !session.metadata.created)
    return std::nullopt;
  return *session.metadata.created + session.spec.time_out->value;
}

bool all_reported(const api::RestoreSessionStatus& status) {
  const api::RestorePhase phase = api::restore_target_phase(status);
  return phase == api::RestorePhase::Succeeded || phase == api::RestorePhase::Failed ||
         phase == api::RestorePhase::Unknown;
}

/// What the conditions and totals are now, without the end.
Edit observed(std::vector<api::Condition> conditions, const api::RestoreSession& session,
              const Found& found) {
  std::optional<std::int32_t> total;
  bool injected = false;
  if (found.ready() && found.target) {
    total = api::total_hosts(session.spec.target->ref.kind, *found.target);
    injected = applied_restore_invoker(*found.target) == session.metadata.name;
  }
  return [conditions = std::move(conditions), total, injected](api::RestoreSession& fresh, TimePoint now) {
    for (const api::Condition& c : conditions)
      api::set_condition(fresh.status.conditions, c, c.last_transition_time);
    if (injected) {
      api::set_condition(fresh.status.conditions,
                         api::condition(api::kInitContainerInjected, api::ConditionStatus::True,
                                        "The target has the init container."),
                         now);
      api::set_condition(fresh.status.conditions,
                         api::condition(api::kRestoreExecutorEnsured, api::ConditionStatus::True,
                                        "The init container restores when a pod starts."),
                         now);
      if (total) fresh.status.total_hosts = total;
    }
    fresh.status.session_deadline = deadline_of(fresh);
  };
}

Task<void> finish(Context& context, api::RestoreSession session, bool deadline_passed) {
  const auto outcome = [deadline_passed](api::RestoreSession& fresh, TimePoint now) {
    if (deadline_passed)
      api::set_condition(fresh.status.conditions,
                         api::condition(api::kDeadlineExceeded, api::ConditionStatus::True,
                                        fmt::format("The restore did not end within {}.",
                                                    format_duration(fresh.spec.time_out->value))),
                         now);
    const bool good =
        api::restore_target_phase(fresh.status) == api::RestorePhase::Succeeded && !deadline_passed;
    api::set_condition(
        fresh.status.conditions,
        api::condition(api::kRestoreCompleted,
                       good ? api::ConditionStatus::True : api::ConditionStatus::False,
                       good ? "Every host was restored." : "Not every host was restored: see status.stats."),
        now);
  };
  const std::string fault = co_await push_restore_session(context, session);
  Edit edit = [outcome, fault](api::RestoreSession& fresh, TimePoint now) {
    outcome(fresh, now);
    api::set_condition(
        fresh.status.conditions,
        api::condition(api::kMetricsPushed,
                       fault.empty() ? api::ConditionStatus::True : api::ConditionStatus::False,
                       fault.empty() ? "Metrics were pushed." : "Metrics could not be pushed: " + fault),
        now);
  };
  co_await change(context, session, std::move(edit));
}

}  // namespace

Task<kube::Action> reconcile_restore(Context& context, kube::Ref ref) {
  const auto document = co_await context.client.find(api::kRestoreSession, ref);
  if (!document) co_return kube::Action::await_change();
  api::RestoreSession session = api::RestoreSession::parse(*document);
  if (session.metadata.deleting) co_return co_await finalize(context, session);
  co_await set_finalizer(context.client, api::kRestoreSession, session.metadata, api::kInvokerFinalizer,
                         true);
  if (session.finished()) co_return kube::Action::await_change();

  std::vector<api::Condition> conditions = session.status.conditions;
  Wanted wanted{"RestoreSession",         ref,
                session.repository(),     session.spec.target ? session.spec.target->ref : api::TargetRef{},
                api::kRestoreTargetFound, api::validate(session)};
  const Found found = co_await check_prerequisites(context, std::move(wanted), conditions);
  if (found.ready() && found.target)
    context.queues.workload(session.spec.target->ref.kind)->add(kube::ref_of(*found.target));
  co_await change(context, session, observed(std::move(conditions), session, found));

  const auto deadline = deadline_of(session);
  const bool passed = deadline && context.timers.now() >= *deadline;
  if (all_reported(session.status) || passed) {
    co_await finish(context, session, passed);
    co_return kube::Action::await_change();
  }
  co_return kube::Action::requeue(kRetryMissing);
}

}  // namespace stash::controller
