#include "controller/session_plan.hpp"

#include <algorithm>

#include "stash/api/conditions.hpp"
#include "stash/api/names.hpp"
#include "stash/api/phase.hpp"

namespace stash::controller {
namespace {

constexpr Duration kLook = std::chrono::seconds(5);

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
  const Duration waited = now - session.metadata.created.value_or(now);
  if (waited < kExecutorPatience) return plan_of(SessionStep::Wait, "", kLook);
  return plan_of(SessionStep::Disrupt,
                 fmt::format("No pod of the target has run the sidecar for {}: see its pods and events.",
                             format_duration(kExecutorPatience)));
}

TimePoint last_told(const api::BackupSession& session) {
  TimePoint last = session.metadata.created.value_or(TimePoint{});
  for (const api::BackupTargetStatus& target : session.status.targets)
    for (const api::Condition& c : target.conditions) last = std::max(last, c.last_transition_time);
  for (const api::Condition& c : session.status.conditions) last = std::max(last, c.last_transition_time);
  return last;
}

SessionPlan while_closing(const api::BackupSession& session, TimePoint now) {
  if (post_actions_told(session.status)) return plan_of(SessionStep::Finish);
  const TimePoint patience_ends = last_told(session) + kClosingPatience;
  if (now < patience_ends) return plan_of(SessionStep::Wait, "", patience_ends - now);
  return plan_of(SessionStep::Finish, "The executor did not tell how retention and check went.");
}

SessionPlan while_running(const api::BackupSession& session, const SessionWorld& world, TimePoint now) {
  if (world.missing.hosts == 0) return plan_of(SessionStep::Wait, "", std::chrono::minutes(1));
  const api::Condition* lost =
      api::find_condition(session.status.targets.front().conditions, api::kBackupDisrupted);
  if (!lost || lost->status != api::ConditionStatus::Unknown) return plan_of(SessionStep::Wait, "", kLook);
  const TimePoint patience_ends = lost->last_transition_time + kExecutorPatience;
  if (now < patience_ends) return plan_of(SessionStep::Wait, "", patience_ends - now);
  // The others come to their end first.
  if (world.missing.others_working) return plan_of(SessionStep::Wait, "", std::chrono::minutes(1));
  return plan_of(SessionStep::Disrupt,
                 fmt::format("{} of {} hosts had no pod with a ready sidecar for {}.", world.missing.hosts,
                             world.total_hosts, format_duration(kExecutorPatience)));
}

}  // namespace

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

std::optional<api::Condition> disruption(const api::BackupTargetStatus& target, const Missing& missing) {
  const api::Condition* known = api::find_condition(target.conditions, api::kBackupDisrupted);
  if (known && known->status == api::ConditionStatus::True) return std::nullopt;
  const bool was_missing = known && known->status == api::ConditionStatus::Unknown;
  if ((missing.hosts > 0) == was_missing) return std::nullopt;
  api::Condition next = api::condition(
      api::kBackupDisrupted, was_missing ? api::ConditionStatus::False : api::ConditionStatus::Unknown,
      was_missing ? "The executor is back."
                  : "A host that has not reported has no pod with a ready sidecar.");
  next.reason = was_missing ? "ExecutorFound" : "ExecutorMissing";
  return next;
}

SessionPlan plan_session(const api::BackupSession& session, const SessionWorld& world, TimePoint now) {
  if (session.finished()) return after_the_end(session, world, now);
  if (world.deadline && now >= *world.deadline) {
    SessionPlan plan = plan_of(SessionStep::Finish);
    plan.deadline_passed = true;
    return plan;
  }
  SessionPlan plan = !is_initiated(session)                      ? before_the_start(session, world, now)
                     : api::all_targets_finished(session.status) ? while_closing(session, now)
                                                                 : while_running(session, world, now);
  if (plan.step == SessionStep::Wait && world.deadline)
    plan.after = std::min(plan.after, Duration(*world.deadline - now));
  return plan;
}

}  // namespace stash::controller
