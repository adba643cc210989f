// RestoreSession: conditions, totals and the end; the init containers, injected by the workload's controller,
// do the work.

#include "stash/api/restore_session.hpp"

#include <algorithm>

#include "controller/controllers.hpp"
#include "controller/executors.hpp"
#include "controller/invokers.hpp"
#include "controller/prerequisites.hpp"
#include "controller/rights.hpp"
#include "controller/session_metrics.hpp"
#include "controller/session_reading.hpp"
#include "stash/api/conditions.hpp"
#include "stash/api/names.hpp"
#include "stash/api/phase.hpp"
#include "stash/api/spec_hash.hpp"
#include "stash/kube/meta.hpp"
#include "stash/kube/status.hpp"

namespace stash::controller {
namespace {

using Edit = std::function<void(api::RestoreSession&, TimePoint)>;

/// How often a restore that works is looked at, should a word of the watch be lost.
constexpr Duration kLook = std::chrono::minutes(1);

api::TargetRef target_of(const api::RestoreSession& session) {
  return session.spec.target ? session.spec.target->ref : api::TargetRef{};
}

kube::Ref target_ref(const api::RestoreSession& session) {
  const api::TargetRef target = target_of(session);
  return {target.ns.empty() ? session.metadata.ns : target.ns, target.name};
}

/// Changes the status of the session as it is when it is written; the phase is computed from what came of it.
/// The answer is the session as it then is.
Task<std::optional<api::RestoreSession>> change(Context& context, const api::RestoreSession& session,
                                                Edit edit) {
  const TimePoint now = context.timers.now();
  auto write = [edit, now,
                uid = session.metadata.uid](const json::Value& object) -> std::optional<std::string> {
    json::Faults passed_over;
    api::RestoreSession fresh = api::RestoreSession::read(object, passed_over);
    if (fresh.metadata.uid != uid || fresh.finished()) return std::nullopt;
    const std::string before = api::status_patch(fresh.status);
    edit(fresh, now);
    fresh.status.phase = api::restore_session_phase(fresh.status);
    if (fresh.finished() && fresh.status.session_duration.empty())
      fresh.status.session_duration = format_duration(
          std::chrono::round<std::chrono::seconds>(now - fresh.metadata.created.value_or(now)));
    const std::string after = api::status_patch(fresh.status);
    return after == before ? std::nullopt : std::optional(status_members(after));
  };
  const kube::Ref ref(session.metadata.ns, session.metadata.name);
  const auto written =
      co_await kube::update_status(context.client, api::kRestoreSession, ref, std::move(write));
  if (!written || kube::uid_of(*written) != session.metadata.uid) co_return std::nullopt;
  json::Faults passed_over;
  co_return api::RestoreSession::read(*written, passed_over);
}

/// True once no init container of this session is left in its target.
Task<bool> init_container_is_gone(Context& context, const api::RestoreSession& session) {
  const std::string kind = target_of(session).kind;
  const kube::Resource* resource = workload_resource(kind);
  if (!resource || target_of(session).name.empty()) co_return true;
  const auto workload = co_await context.client.find(*resource, target_ref(session));
  if (!workload || kube::is_deleting(*workload)) co_return true;
  const kube::Ref applied = applied_restore_invoker(*workload);
  if (applied == kube::Ref(session.metadata.ns, session.metadata.name)) {
    context.queues.workload(kind)->add(target_ref(session));
    co_return false;
  }
  if (applied.name.empty())
    co_await remove_executor_bindings(context, api::kRestoreSession, kind, target_ref(session));
  co_return true;
}

Task<kube::Action> finalize(Context& context, const api::RestoreSession& session) {
  if (!session.metadata.has_finalizer(api::kInvokerFinalizer)) co_return kube::Action::await_change();
  const bool gone = co_await init_container_is_gone(context, session);
  if (!gone) co_return kube::Action::requeue(std::chrono::seconds(1));
  const kube::Ref own(session.metadata.ns, session.metadata.name);
  if (!session.repository().name.empty())
    co_await remove_repository_rights(context, api::kRestoreSession, own, session.repository().ns);
  co_await set_finalizer(context.client, api::kRestoreSession, session.metadata, api::kInvokerFinalizer,
                         false);
  co_return kube::Action::await_change();
}

std::optional<TimePoint> deadline_of(const api::RestoreSession& session) {
  if (!session.spec.time_out || session.spec.time_out->value <= Duration::zero() || !session.metadata.created)
    return std::nullopt;
  return *session.metadata.created + session.spec.time_out->value;
}

/// A pod whose restore failed never becomes ready, and the next may not be made before it is. So once a host
/// has failed the end is in doubt, and each report renews the time of that.
void doubt(api::RestoreSessionStatus& status, TimePoint now) {
  const auto& hosts = status.stats;
  const bool failed = std::any_of(hosts.begin(), hosts.end(), [](const api::HostRestoreStats& host) {
    return host.phase == api::RestoreHostPhase::Failed;
  });
  if (!failed || api::restore_target_phase(status) != api::RestorePhase::Running) return;
  api::Condition condition =
      api::condition(api::kRestoreCompleted, api::ConditionStatus::Unknown,
                     fmt::format("A host failed: see status.stats. {} of {} hosts have reported.",
                                 reports_of(status).hosts.size(), *status.total_hosts));
  condition.reason = "HostRestoreFailed";
  api::set_condition(status.conditions, std::move(condition), now);
}

PodQuery query_of(const api::RestoreSession& session) {
  return {target_of(session).kind, session.spec.target ? session.spec.target->alias : "", "", ""};
}

/// The end has been in doubt for long, and no host works that could still report.
Task<bool> is_given_up(Context& context, const api::RestoreSession& session, const Found& found) {
  const api::Condition* doubted = api::find_condition(session.status.conditions, api::kRestoreCompleted);
  if (session.status.phase != api::RestorePhase::Running || !doubted || !found.target ||
      context.timers.now() < doubted->last_transition_time + kExecutorPatience)
    co_return false;
  const PodHosts pods = co_await read_pods(context, query_of(session), *found.target);
  const Reports reports = reports_of(session.status);
  co_return std::none_of(pods.restoring.begin(), pods.restoring.end(),
                         [&](const std::string& host) { return !reports.hosts.contains(host); });
}

bool all_reported(const api::RestoreSessionStatus& status) {
  const api::RestorePhase phase = api::restore_target_phase(status);
  return phase == api::RestorePhase::Succeeded || phase == api::RestorePhase::Failed ||
         phase == api::RestorePhase::Unknown;
}

void note_injection(api::RestoreSessionStatus& status, std::int32_t total, TimePoint now) {
  status.total_hosts = total;
  const auto yes = api::ConditionStatus::True;
  api::set_condition(status.conditions,
                     api::condition(api::kInitContainerInjected, yes, "The target has the init container."),
                     now);
  api::set_condition(
      status.conditions,
      api::condition(api::kRestoreExecutorEnsured, yes, "The init container restores when a pod starts."),
      now);
}

/// The pods, where only they tell who has to report.
Task<std::optional<PodHosts>> pods_to_count(Context& context, const api::RestoreSession& session,
                                            const Found& found) {
  const std::string kind = target_of(session).kind;
  if (!found.target || !count_needs_pods(kind, *found.target, reports_of(session.status)))
    co_return std::nullopt;
  co_return co_await read_pods(context, query_of(session), *found.target);
}

/// What was found out, without the end. The hosts are counted when it is written: one may report, and go,
/// until then. `found` and `pods` must live as long.
Edit observed(std::vector<api::Condition> found_out, const api::RestoreSession& session, const Found& found,
              const std::optional<PodHosts>& pods) {
  const bool injected =
      found.ready() && found.target &&
      has_init_container(*found.target, api::injection_hash(session, found.repository->spec.backend));
  return [found_out = std::move(found_out), injected, query = query_of(session), &found, &pods](
             api::RestoreSession& fresh, TimePoint now) {
    merge(fresh.status.conditions, found_out);
    fresh.status.session_deadline = deadline_of(fresh);
    if (injected)
      note_injection(fresh.status,
                     expected_hosts(query.kind, query.alias, *found.target, reports_of(fresh.status),
                                    pods ? &*pods : nullptr),
                     now);
    doubt(fresh.status, now);
  };
}

/// Sets the conditions of the end but MetricsPushed, which is what makes it the end.
void conclude(api::RestoreSession& session, bool deadline_passed, TimePoint now) {
  auto& conditions = session.status.conditions;
  if (deadline_passed)
    api::set_condition(conditions,
                       api::condition(api::kDeadlineExceeded, api::ConditionStatus::True,
                                      fmt::format("The restore did not end within spec.timeOut, {}.",
                                                  format_duration(session.spec.time_out->value))),
                       now);
  const bool good =
      api::restore_target_phase(session.status) == api::RestorePhase::Succeeded && !deadline_passed;
  api::set_condition(
      conditions,
      api::condition(api::kRestoreCompleted, good ? api::ConditionStatus::True : api::ConditionStatus::False,
                     good ? "Every host was restored."
                          : "Not every host was restored: see status.stats. The pods of the target wait: "
                            "replace or delete this RestoreSession."),
      now);
}

Task<void> tell_end(Context& context, const api::RestoreSession& session) {
  const bool good = session.status.phase == api::RestorePhase::Succeeded;
  const api::Condition* completed = api::find_condition(session.status.conditions, api::kRestoreCompleted);
  co_await context.events.restores.record(subject_of(api::kRestoreSession, session.metadata),
                                          good ? kube::Severity::Normal : kube::Severity::Warning,
                                          good ? "Restore Session Succeeded" : "Restore Session Failed",
                                          completed ? completed->message : "");
}

Task<void> finish(Context& context, api::RestoreSession session, bool deadline_passed) {
  conclude(session, deadline_passed, context.timers.now());
  const std::string fault = co_await push_restore_session(context, session);
  Edit edit = [deadline_passed, fault](api::RestoreSession& fresh, TimePoint now) {
    conclude(fresh, deadline_passed, now);
    api::set_condition(fresh.status.conditions, metrics_condition(fault), now);
  };
  const auto ended = co_await change(context, session, std::move(edit));
  if (ended && ended->finished()) co_await tell_end(context, *ended);
}

Wanted wanted_by(const Examined<api::RestoreSession>& examined) {
  const api::RestoreSession& session = examined.invoker;
  return {"RestoreSession",
          {session.metadata.ns, session.metadata.name},
          session.repository(),
          target_of(session),
          api::kRestoreTargetFound,
          examined.faults,
          {}};
}

}  // namespace

Task<kube::Action> reconcile_restore(Context& context, kube::Ref ref) {
  const auto document = co_await context.client.find(api::kRestoreSession, ref);
  if (!document) co_return kube::Action::await_change();
  const Examined<api::RestoreSession> examined = examine_restore(*document);
  const api::RestoreSession& session = examined.invoker;
  if (session.metadata.deleting) co_return co_await finalize(context, session);
  co_await set_finalizer(context.client, api::kRestoreSession, session.metadata, api::kInvokerFinalizer,
                         true);
  if (session.finished()) co_return kube::Action::await_change();

  std::vector<api::Condition> conditions = session.status.conditions;
  Wanted wanted = wanted_by(examined);
  const Found found = co_await check_prerequisites(context, std::move(wanted), conditions);
  const bool complete = found.ready() && found.target;
  if (complete) context.queues.workload(target_of(session).kind)->add(target_ref(session));
  const std::optional<PodHosts> pods = co_await pods_to_count(context, session, found);
  Edit edit = observed(news(session.status.conditions, conditions), session, found, pods);
  const auto now_is = co_await change(context, session, std::move(edit));
  if (!now_is || now_is->finished()) co_return kube::Action::await_change();

  // What was done in time is not judged by when it is looked at.
  const bool reported = all_reported(now_is->status);
  const auto deadline = deadline_of(*now_is);
  const bool passed = !reported && deadline && context.timers.now() >= *deadline;
  bool given_up = false;
  if (!reported && !passed) given_up = co_await is_given_up(context, *now_is, found);
  if (reported || passed || given_up) {
    co_await finish(context, *now_is, passed);
    co_return kube::Action::await_change();
  }
  Duration after = complete ? kLook : kRetryMissing;
  if (deadline) after = std::min(after, Duration(*deadline - context.timers.now()));
  co_return kube::Action::requeue(after);
}

}  // namespace stash::controller
