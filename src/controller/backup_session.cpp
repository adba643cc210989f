// BackupSession: skips, initiates, follows and finishes a session; the executors do the work in between.

#include "stash/api/backup_session.hpp"

#include "controller/controllers.hpp"
#include "controller/history.hpp"
#include "controller/session_metrics.hpp"
#include "controller/session_reading.hpp"
#include "stash/api/conditions.hpp"
#include "stash/api/names.hpp"
#include "stash/api/new_session.hpp"
#include "stash/api/phase.hpp"
#include "stash/base/log.hpp"
#include "stash/kube/meta.hpp"
#include "stash/kube/status.hpp"

namespace stash::controller {
namespace {

using Edit = std::function<void(api::BackupSession&, TimePoint)>;

kube::Ref ref_of(const api::BackupSession& session) { return {session.metadata.ns, session.metadata.name}; }

void set_phases(api::BackupSession& session, TimePoint now) {
  for (api::BackupTargetStatus& target : session.status.targets)
    target.phase = api::backup_target_phase(target);
  session.status.phase = api::backup_session_phase(session.status);
  if (session.finished() && session.status.session_duration.empty())
    session.status.session_duration = format_duration(
        std::chrono::round<std::chrono::seconds>(now - session.metadata.created.value_or(now)));
}

/// Changes the status of the session as it is when it is written; the phases are computed from what came of
/// it. The answer is the session as it then is, or nothing when it is gone.
Task<std::optional<api::BackupSession>> change(Context& context, const api::BackupSession& session,
                                               Edit edit) {
  const TimePoint now = context.timers.now();
  auto write = [edit, now,
                uid = session.metadata.uid](const json::Value& object) -> std::optional<std::string> {
    api::BackupSession fresh = api::BackupSession::parse(object);
    if (fresh.metadata.uid != uid || fresh.finished()) return std::nullopt;
    const std::string before = api::status_patch(fresh.status);
    edit(fresh, now);
    set_phases(fresh, now);
    const std::string after = api::status_patch(fresh.status);
    return after == before ? std::nullopt : std::optional(status_members(after));
  };
  const auto written =
      co_await kube::update_status(context.client, api::kBackupSession, ref_of(session), std::move(write));
  if (!written || kube::uid_of(*written) != session.metadata.uid) co_return std::nullopt;
  co_return api::BackupSession::parse(*written);
}

Task<void> clean_history(Context& context, kube::Ref configuration, std::int64_t limit) {
  std::vector<HistoryEntry> entries;
  for (const kube::Ref& ref : context.world.sessions_of(configuration))
    if (const SessionView* view = context.world.sessions.find(ref))
      entries.push_back({ref.name, view->created, view->finished, view->skipped});
  for (const std::string& name : beyond_history(std::move(entries), limit)) {
    const kube::Ref ref(configuration.ns, name);
    co_await context.client.remove(api::kBackupSession, ref, kube::Propagation::Background, "");
  }
}

Task<void> tell(Context& context, const api::BackupSession& session, kube::Severity severity,
                std::string reason, std::string message) {
  co_await context.events.sessions.record(subject_of(api::kBackupSession, session.metadata), severity,
                                          std::move(reason), std::move(message));
}

Task<void> skip(Context& context, const SessionReading& reading, std::string reason) {
  Edit edit = [reason](api::BackupSession& session, TimePoint now) {
    api::set_condition(session.status.conditions,
                       api::condition(api::kBackupSkipped, api::ConditionStatus::True, reason), now);
  };
  const auto now_is = co_await change(context, reading.session, std::move(edit));
  if (now_is) co_await tell(context, *now_is, kube::Severity::Warning, "Backup Session Skipped", reason);
}

/// The entry of the only target, made when it is absent. It keeps the target that the session has begun with,
/// whatever the configuration names later.
api::BackupTargetStatus& target_of(api::BackupSession& session, const api::BackupConfiguration& bc) {
  if (session.status.targets.empty()) session.status.targets.emplace_back().ref = bc.spec.target->ref;
  return session.status.targets.front();
}

Task<void> initiate(Context& context, const SessionReading& reading) {
  Edit edit = [bc = *reading.configuration, world = reading.world](api::BackupSession& session,
                                                                   TimePoint now) {
    api::BackupTargetStatus& target = target_of(session, bc);
    target.total_hosts = world.total_hosts;
    target.pre_backup_actions = {std::string(api::kInitializeAction)};
    target.post_backup_actions = {std::string(api::kRetentionAction), std::string(api::kIntegrityAction),
                                  std::string(api::kRepositoryMetricsAction)};
    api::set_condition(target.conditions,
                       api::condition(api::kBackupExecutorEnsured, api::ConditionStatus::True,
                                      "Pods of the target have the sidecar."),
                       now);
    session.status.session_deadline = world.deadline;
  };
  co_await change(context, reading.session, std::move(edit));
}

/// Keeps the deadline, the number of hosts of a target that is scaled, and the loss of an executor.
Task<void> follow(Context& context, const SessionReading& reading) {
  Edit edit = [world = reading.world](api::BackupSession& session, TimePoint now) {
    if (!session.status.session_deadline) session.status.session_deadline = world.deadline;
    if (!is_initiated(session)) return;
    api::BackupTargetStatus& target = session.status.targets.front();
    if (world.total_hosts > 0) target.total_hosts = world.total_hosts;
    if (auto lost = disruption(target, world.missing)) api::set_condition(target.conditions, *lost, now);
  };
  co_await change(context, reading.session, std::move(edit));
}

/// Nobody can do the work: the session fails instead of waiting for ever.
Task<void> disrupt(Context& context, const SessionReading& reading, std::string reason) {
  const bool begun = is_initiated(reading.session);
  Edit edit = [bc = reading.configuration, begun, reason](api::BackupSession& session, TimePoint now) {
    if (session.status.targets.empty() && !bc) return;
    api::BackupTargetStatus& target = bc ? target_of(session, *bc) : session.status.targets.front();
    if (!target.total_hosts) target.total_hosts = 1;
    const auto status = begun ? api::ConditionStatus::True : api::ConditionStatus::False;
    const auto& type = begun ? api::kBackupDisrupted : api::kBackupExecutorEnsured;
    api::set_condition(target.conditions, api::condition(type, status, reason), now);
  };
  const auto now_is = co_await change(context, reading.session, std::move(edit));
  if (now_is) co_await tell(context, *now_is, kube::Severity::Warning, "Backup Session Disrupted", reason);
}

/// What a session ended with, but for MetricsPushed, which is what makes it the end.
struct Conclusion {
  std::string deadline_message;
  std::string unclosed;  ///< the executor did not tell how retention and check went
  std::string history_fault;

  void apply(api::BackupSession& session, TimePoint now) const {
    auto& conditions = session.status.conditions;
    const auto set = [&](const api::ConditionType& type, bool good, const std::string& message) {
      const auto status = good ? api::ConditionStatus::True : api::ConditionStatus::False;
      api::set_condition(conditions, api::condition(type, status, message), now);
    };
    if (!deadline_message.empty()) set(api::kDeadlineExceeded, true, deadline_message);
    if (!unclosed.empty() && !api::find_condition(conditions, api::kRetentionPolicyApplied))
      set(api::kRetentionPolicyApplied, false, unclosed);
    if (!unclosed.empty() && !api::find_condition(conditions, api::kRepositoryIntegrityVerified))
      set(api::kRepositoryIntegrityVerified, false, unclosed);
    const bool clean = history_fault.empty();
    set(api::kBackupHistoryCleaned, clean, clean ? "Old sessions were removed." : history_fault);
  }
};

std::string deadline_message(const SessionReading& reading) {
  if (!reading.configuration || !reading.configuration->spec.time_out)
    return "The session did not end in time.";
  return fmt::format("The session did not end within spec.timeOut, {}.",
                     format_duration(reading.configuration->spec.time_out->value));
}

Task<std::string> try_clean_history(Context& context, const SessionReading& reading) {
  if (!reading.configuration) co_return "";
  const kube::Ref invoker(reading.session.metadata.ns, reading.session.spec.invoker.name);
  try {
    co_await clean_history(context, invoker, reading.configuration->history_limit());
  } catch (const Error& e) {
    if (e.kind() == ErrorKind::Cancelled || retryable(e.kind())) throw;
    co_return e.what();
  }
  co_return "";
}

Task<void> finish(Context& context, const SessionReading& reading, SessionPlan plan) {
  Conclusion conclusion;
  if (plan.deadline_passed) conclusion.deadline_message = deadline_message(reading);
  conclusion.unclosed = plan.reason;
  conclusion.history_fault = co_await try_clean_history(context, reading);
  api::BackupSession outcome = reading.session;
  conclusion.apply(outcome, context.timers.now());
  const std::string repository = reading.configuration ? reading.configuration->repository().name : "";
  const std::string fault = co_await push_backup_session(context, outcome, repository);
  Edit edit = [conclusion, fault](api::BackupSession& session, TimePoint now) {
    conclusion.apply(session, now);
    api::set_condition(session.status.conditions, metrics_condition(fault), now);
  };
  const auto ended = co_await change(context, reading.session, std::move(edit));
  if (!ended || !ended->finished()) co_return;
  const bool good = ended->status.phase == api::SessionPhase::Succeeded;
  co_await tell(context, *ended, good ? kube::Severity::Normal : kube::Severity::Warning,
                good ? "Backup Session Succeeded" : "Backup Session Failed",
                fmt::format("The session ended after {}.", ended->status.session_duration));
}

/// `retried` and `nextRetry` are the only members that a finished session still gets.
Task<void> mark(Context& context, const api::BackupSession& session, std::string members) {
  auto write = [members,
                uid = session.metadata.uid](const json::Value& object) -> std::optional<std::string> {
    return kube::uid_of(object) == uid ? std::optional(members) : std::nullopt;
  };
  co_await kube::update_status(context.client, api::kBackupSession, ref_of(session), std::move(write));
}

Task<kube::Action> set_retry(Context& context, const SessionReading& reading) {
  Duration delay = Duration::zero();
  if (reading.configuration && reading.configuration->spec.retry_config)
    if (const auto& given = reading.configuration->spec.retry_config->delay) delay = given->value;
  const std::string members =
      fmt::format(R"({{"nextRetry":"{}"}})", format_time(context.timers.now() + delay));
  co_await mark(context, reading.session, members);
  co_return kube::Action::requeue(delay);
}

/// The successor is named by the time that was written before: made again, it is the same.
Task<void> retry(Context& context, const SessionReading& reading) {
  if (!reading.configuration) co_return;
  const std::string body = api::new_session(*reading.configuration, *reading.session.status.next_retry,
                                            reading.session.spec.retry_left - 1);
  try {
    co_await context.client.create(api::kBackupSession, reading.session.metadata.ns, body);
  } catch (const Error& e) {
    if (e.kind() != ErrorKind::Conflict) throw;
  }
  co_await mark(context, reading.session, R"({"retried":true})");
}

}  // namespace

Task<kube::Action> reconcile_session(Context& context, kube::Ref ref) {
  const std::optional<SessionReading> reading = co_await read_session(context, ref);
  if (!reading) co_return kube::Action::await_change();
  const SessionPlan plan = plan_session(reading->session, reading->world, context.timers.now());
  switch (plan.step) {
    case SessionStep::None:
      co_await try_clean_history(context, *reading);
      break;
    case SessionStep::SetRetry:
      co_return co_await set_retry(context, *reading);
    case SessionStep::WaitRetry:
      co_return kube::Action::requeue(plan.after);
    case SessionStep::Retry:
      co_await retry(context, *reading);
      break;
    case SessionStep::Skip:
      co_await skip(context, *reading, plan.reason);
      break;
    case SessionStep::Initiate:
      co_await initiate(context, *reading);
      break;
    case SessionStep::Disrupt:
      co_await disrupt(context, *reading, plan.reason);
      break;
    case SessionStep::Wait:
      co_await follow(context, *reading);
      co_return kube::Action::requeue(plan.after);
    case SessionStep::Finish:
      co_await finish(context, *reading, plan);
      break;
  }
  co_return kube::Action::await_change();
}

}  // namespace stash::controller
