#include "controller/session_plan.hpp"

#include <algorithm>

#include "stash/api/conditions.hpp"
#include "stash/api/names.hpp"
#include "stash/api/phase.hpp"

namespace stash::controller {
namespace {

constexpr Duration kLook = std::chrono::seconds(5);
/// How often a session that works is looked at, should a word of the watch be lost.
constexpr Duration kSlowLook = std::chrono::minutes(1);

SessionPlan plan_of(SessionStep step, std::string reason = "", Duration after = {}) {
  SessionPlan plan;
  plan.step = step;
  plan.reason = std::move(reason);
  plan.after = after;
  return plan;
}

/// A failed session with retries left gets a successor. When is written first: the time survives a restart,
/// and names the successor, so that there is only one.
SessionPlan after_the_end(const api::BackupSession& session, const SessionWorld& world, TimePoint now) {
  const bool due = session.status.phase == api::SessionPhase::Failed && session.spec.retry_left > 0 &&
                   !session.status.retried.value_or(false) && world.invoker_exists;
  if (!due) return plan_of(SessionStep::None);
  if (!session.status.next_retry) return plan_of(SessionStep::SetRetry);
  if (now < *session.status.next_retry)
    return plan_of(SessionStep::WaitRetry, "", *session.status.next_retry - now);
  return plan_of(SessionStep::Retry);
}

SessionPlan before_the_start(const api::BackupSession& session, const SessionWorld& world, TimePoint now) {
  const std::string& invoker = session.spec.invoker.name;
  if (session.spec.invoker.kind != api::InvokerKind::BackupConfiguration)
    return plan_of(SessionStep::Skip, "BackupBatch is not run by this version.");
  if (!world.invoker_exists)
    return plan_of(SessionStep::Skip, fmt::format("BackupConfiguration {} does not exist.", invoker));
  if (!world.invoker_ready)
    return plan_of(SessionStep::Skip, fmt::format("BackupConfiguration {} is not Ready.", invoker));
  if (!world.running.empty())
    return plan_of(SessionStep::Skip, fmt::format("BackupSession {} is still running.", world.running));
  if (!world.unservable.empty()) return plan_of(SessionStep::Disrupt, world.unservable);
  if (world.sidecar && world.rolled_out && world.total_hosts > 0) return plan_of(SessionStep::Initiate);
  if (!start_is_overdue(session, now) || !world.served) return plan_of(SessionStep::Wait, "", kLook);
  // The pods of a rollout that is stuck may serve; a host that has none is told of later.
  if (*world.served && world.total_hosts > 0) return plan_of(SessionStep::Initiate);
  return plan_of(SessionStep::Disrupt,
                 fmt::format("After {} no pod of the target has a ready sidecar as BackupConfiguration {} "
                             "wants it: see its pods and events.",
                             format_duration(kExecutorPatience), invoker));
}

TimePoint last_told(const api::BackupSession& session) {
  TimePoint last = session.metadata.created.value_or(TimePoint{});
  for (const api::BackupTargetStatus& target : session.status.targets)
    for (const api::Condition& c : target.conditions) last = std::max(last, c.last_transition_time);
  for (const api::Condition& c : session.status.conditions) last = std::max(last, c.last_transition_time);
  return last;
}

/// Waits for an executor that is `missed`; nothing once that was in vain for `patience`.
std::optional<SessionPlan> wait_for_executor(const api::BackupSession& session, bool missed,
                                             Duration patience, TimePoint now) {
  if (!missed) return plan_of(SessionStep::Wait, "", kSlowLook);
  const auto since = missed_since(session.status.targets.front());
  if (!since) return plan_of(SessionStep::Wait, "", kLook);
  if (now >= *since + patience) return std::nullopt;
  return plan_of(SessionStep::Wait, "", std::min(kSlowLook, Duration(*since + patience - now)));
}

SessionPlan while_closing(const api::BackupSession& session, const SessionWorld& world, TimePoint now) {
  const auto wait = wait_for_executor(session, world.missing.nobody, kClosingPatience, now);
  if (wait && now < last_told(session) + kClosingLimit) return *wait;
  return plan_of(SessionStep::Finish, "The executor did not tell how retention and check went.");
}

SessionPlan while_running(const api::BackupSession& session, const SessionWorld& world, TimePoint now) {
  if (const auto wait = wait_for_executor(session, world.missing.hosts > 0, kExecutorPatience, now))
    return *wait;
  // The others come to their end first.
  if (world.missing.others_working) return plan_of(SessionStep::Wait, "", kSlowLook);
  if (!world.unservable.empty()) return plan_of(SessionStep::Disrupt, world.unservable);
  return plan_of(SessionStep::Disrupt,
                 fmt::format("{} of {} hosts had no pod with a ready sidecar for {}.", world.missing.hosts,
                             world.total_hosts, format_duration(kExecutorPatience)));
}

}  // namespace

bool start_is_overdue(const api::BackupSession& session, TimePoint now) {
  return now - session.metadata.created.value_or(now) >= kExecutorPatience;
}

bool is_initiated(const api::BackupSession& session) {
  return !session.status.targets.empty() && session.status.targets.front().total_hosts.has_value();
}

bool post_actions_told(const api::BackupSessionStatus& status) {
  const auto told = [&](std::string_view action) {
    const api::ConditionType& type = action == api::kRetentionAction   ? api::kRetentionPolicyApplied
                                     : action == api::kIntegrityAction ? api::kRepositoryIntegrityVerified
                                                                       : api::kRepositoryMetricsPushed;
    return api::find_condition(status.conditions, type) != nullptr;
  };
  return std::all_of(
      status.targets.begin(), status.targets.end(), [&](const api::BackupTargetStatus& target) {
        const bool no_executor = api::is_false(target.conditions, api::kBackupExecutorEnsured) ||
                                 api::is_true(target.conditions, api::kBackupDisrupted);
        return no_executor ||
               std::all_of(target.post_backup_actions.begin(), target.post_backup_actions.end(), told);
      });
}

std::optional<TimePoint> missed_since(const api::BackupTargetStatus& target) {
  const api::Condition* known = api::find_condition(target.conditions, api::kBackupDisrupted);
  if (!known || known->status != api::ConditionStatus::Unknown) return std::nullopt;
  return known->last_transition_time;
}

std::optional<api::Condition> disruption(const api::BackupTargetStatus& target, const Missing& missing) {
  if (api::is_true(target.conditions, api::kBackupDisrupted)) return std::nullopt;
  const bool was_missing = missed_since(target).has_value();
  const bool closing = api::is_finished(target);
  const bool is_missing = closing ? missing.nobody : missing.hosts > 0;
  if (is_missing == was_missing) return std::nullopt;
  api::Condition next = api::condition(
      api::kBackupDisrupted, is_missing ? api::ConditionStatus::Unknown : api::ConditionStatus::False,
      !is_missing ? "The executor is back."
      : closing   ? "No pod has a ready sidecar that could do retention and check."
                  : "A host that has not reported has no pod with a ready sidecar.");
  next.reason = is_missing ? "ExecutorMissing" : "ExecutorFound";
  return next;
}

SessionPlan plan_session(const api::BackupSession& session, const SessionWorld& world, TimePoint now) {
  if (session.finished()) return after_the_end(session, world, now);
  const bool closing = api::all_targets_finished(session.status);
  // What was done in time is not judged by when it is looked at.
  if (closing && post_actions_told(session.status)) return plan_of(SessionStep::Finish);
  if (world.deadline && now >= *world.deadline) {
    SessionPlan plan = plan_of(SessionStep::Finish);
    plan.deadline_passed = true;
    return plan;
  }
  SessionPlan plan = !is_initiated(session) ? before_the_start(session, world, now)
                     : closing              ? while_closing(session, world, now)
                                            : while_running(session, world, now);
  if (plan.step == SessionStep::Wait && world.deadline)
    plan.after = std::min(plan.after, Duration(*world.deadline - now));
  return plan;
}

}  // namespace stash::controller
