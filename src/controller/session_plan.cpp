#include "controller/session_plan.hpp"

#include <algorithm>

#include "stash/api/conditions.hpp"
#include "stash/api/names.hpp"
#include "stash/api/phase.hpp"

namespace stash::controller {
namespace {

constexpr Duration kLook = std::chrono::seconds(2);

SessionPlan plan_of(SessionStep step, std::string reason = "", Duration after = {}) {
  SessionPlan plan;
  plan.step = step;
  plan.reason = std::move(reason);
  plan.after = after;
  return plan;
}

bool initiated(const api::BackupSession& session) {
  return !session.status.targets.empty() && session.status.targets.front().total_hosts.has_value();
}

/// A failed session with retries left gets a successor; `next_retry` is written first, so that the wait
/// survives a restart.
SessionPlan after_the_end(const api::BackupSession& session, const SessionWorld& world, TimePoint now) {
  const bool due = session.status.phase == api::SessionPhase::Failed && session.spec.retry_left > 0 &&
                   !session.status.retried.value_or(false) && world.invoker_exists;
  if (!due) return plan_of(SessionStep::None);
  if (!session.status.next_retry) return plan_of(SessionStep::WaitRetry);
  if (now < *session.status.next_retry)
    return plan_of(SessionStep::WaitRetry, "", *session.status.next_retry - now);
  return plan_of(SessionStep::Retry);
}

SessionPlan before_the_start(const api::BackupSession& session, const SessionWorld& world, TimePoint now) {
  if (!world.invoker_exists)
    return plan_of(SessionStep::Skip,
                   fmt::format("BackupConfiguration {} does not exist.", session.spec.invoker.name));
  if (!world.invoker_ready)
    return plan_of(SessionStep::Skip,
                   fmt::format("BackupConfiguration {} is not Ready.", session.spec.invoker.name));
  if (!world.running.empty())
    return plan_of(SessionStep::Skip, fmt::format("BackupSession {} is still running.", world.running));
  if (world.sidecar && world.rolled_out && world.total_hosts > 0) return plan_of(SessionStep::Initiate);
  const Duration waited = now - session.metadata.created.value_or(now);
  if (waited < kExecutorPatience) return plan_of(SessionStep::Wait, "", kLook);
  return plan_of(SessionStep::Disrupt,
                 fmt::format("no pod of the target has run the sidecar for {}: see its pods and events.",
                             format_duration(kExecutorPatience)));
}

TimePoint last_told(const api::BackupSession& session) {
  TimePoint last = session.metadata.created.value_or(TimePoint{});
  for (const api::BackupTargetStatus& target : session.status.targets)
    for (const api::Condition& c : target.conditions) last = std::max(last, c.last_transition_time);
  for (const api::Condition& c : session.status.conditions) last = std::max(last, c.last_transition_time);
  return last;
}

}  // namespace

bool post_actions_told(const api::BackupSessionStatus& status) {
  const auto told = [&](std::string_view action) {
    const api::ConditionType& type = action == api::kRetentionAction   ? api::kRetentionPolicyApplied
                                     : action == api::kIntegrityAction ? api::kRepositoryIntegrityVerified
                                                                       : api::kRepositoryMetricsPushed;
    return api::find_condition(status.conditions, type) != nullptr;
  };
  return std::all_of(
      status.targets.begin(), status.targets.end(), [&](const api::BackupTargetStatus& target) {
        if (api::is_false(target.conditions, api::kBackupExecutorEnsured) ||
            api::is_true(target.conditions, api::kBackupDisrupted))
          return true;
        return std::all_of(target.post_backup_actions.begin(), target.post_backup_actions.end(), told);
      });
}

std::optional<TimePoint> session_deadline(const api::BackupSession& session,
                                          const api::BackupConfiguration& bc) {
  if (!bc.spec.time_out || bc.spec.time_out->value <= Duration::zero() || !session.metadata.created)
    return std::nullopt;
  return *session.metadata.created + bc.spec.time_out->value;
}

SessionPlan plan_session(const api::BackupSession& session, const SessionWorld& world, TimePoint now) {
  if (session.finished()) return after_the_end(session, world, now);
  const auto& deadline = session.status.session_deadline;
  if (deadline && now >= *deadline) {
    SessionPlan plan = plan_of(SessionStep::Finish);
    plan.deadline_passed = true;
    return plan;
  }
  if (!initiated(session)) return before_the_start(session, world, now);
  if (api::all_targets_finished(session.status)) {
    if (post_actions_told(session.status)) return plan_of(SessionStep::Finish);
    const TimePoint patience_ends = last_told(session) + kClosingPatience;
    if (now >= patience_ends)
      return plan_of(SessionStep::Finish, "the executor did not tell how retention and check went.");
    return plan_of(SessionStep::Wait, "", patience_ends - now);
  }
  Duration after = kExecutorPatience;
  if (deadline) after = std::min(after, Duration(*deadline - now));
  return plan_of(SessionStep::Wait, "", after);
}

}  // namespace stash::controller
