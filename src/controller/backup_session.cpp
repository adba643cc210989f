// BackupSession: skips, initiates, follows and finishes a session; the executors do the work in between.

#include "stash/api/backup_session.hpp"

#include "controller/controllers.hpp"
#include "controller/history.hpp"
#include "controller/session_metrics.hpp"
#include "controller/session_plan.hpp"
#include "stash/api/conditions.hpp"
#include "stash/api/host.hpp"
#include "stash/api/names.hpp"
#include "stash/api/new_session.hpp"
#include "stash/api/phase.hpp"
#include "stash/api/spec_hash.hpp"
#include "stash/base/log.hpp"
#include "stash/kube/meta.hpp"
#include "stash/kube/status.hpp"

namespace stash::controller {
namespace {

/// Everything one reconciliation reads.
struct Reading {
  api::BackupSession session;
  std::optional<api::BackupConfiguration> configuration;
  SessionWorld world;
};

/// Changes the status of the session as it is when it is written; the phase is computed from what came of it.
Task<void> change(Context& context, const api::BackupSession& session,
                  std::function<bool(api::BackupSession&, TimePoint)> edit) {
  const TimePoint now = context.timers.now();
  auto write = [edit, now,
                uid = session.metadata.uid](const json::Value& object) -> std::optional<std::string> {
    api::BackupSession fresh = api::BackupSession::parse(object);
    if (fresh.metadata.uid != uid || fresh.finished()) return std::nullopt;
    const std::string before = json::to_text(fresh.status);
    if (!edit(fresh, now)) return std::nullopt;
    for (api::BackupTargetStatus& target : fresh.status.targets)
      target.phase = api::backup_target_phase(target);
    fresh.status.phase = api::backup_session_phase(fresh.status);
    if (fresh.finished() && fresh.status.session_duration.empty())
      fresh.status.session_duration = format_duration(
          std::chrono::round<std::chrono::seconds>(now - fresh.metadata.created.value_or(now)));
    const std::string after = json::to_text(fresh.status);
    if (after == before) return std::nullopt;
    return after;
  };
  co_await kube::update_status(context.client, api::kBackupSession,
                               {session.metadata.ns, session.metadata.name}, std::move(write));
}

bool is_rolled_out(const json::Value& workload, std::string_view kind) {
  const auto number = [&](auto... keys) { return json::integer(workload, keys...).value_or(0); };
  if (number("status", "observedGeneration") < kube::generation_of(workload)) return false;
  if (kind == "DaemonSet")
    return number("status", "updatedNumberScheduled") == number("status", "desiredNumberScheduled") &&
           number("status", "numberReady") > 0;
  const std::int64_t replicas = json::integer(workload, "spec", "replicas").value_or(1);
  const std::int64_t ready = number("status", "readyReplicas");
  if (kind == "StatefulSet")
    return replicas > 0 && ready == replicas && number("status", "updatedReplicas") == replicas &&
           json::text(workload, "status", "currentRevision") ==
               json::text(workload, "status", "updateRevision");
  return ready > 0 && number("status", "updatedReplicas") == replicas &&
         number("status", "replicas") == replicas;
}

Task<void> read_workload(Context& context, Reading& reading) {
  const api::BackupConfiguration& bc = *reading.configuration;
  if (!bc.spec.target) co_return;
  const api::TargetRef& target = bc.spec.target->ref;
  const kube::Resource* resource = workload_resource(target.kind);
  if (!resource) co_return;
  const kube::Ref ref(target.ns.empty() ? bc.metadata.ns : target.ns, target.name);
  const auto workload = co_await context.client.find(*resource, ref);
  const auto repository = co_await context.client.find(api::kRepository, bc.repository());
  if (!workload || !repository) co_return;
  const api::Repository parsed = api::Repository::parse(*repository);
  reading.world.sidecar = has_sidecar(*workload, api::injection_hash(bc, parsed.spec.backend));
  reading.world.rolled_out = is_rolled_out(*workload, target.kind);
  reading.world.total_hosts = api::total_hosts(target.kind, *workload);
  if (!reading.world.sidecar) context.queues.workload(target.kind)->add(ref);
}

/// An older session of the same invoker that has not ended; of two made in the same second the first by name
/// is the older.
std::string older_running(Context& context, const api::BackupSession& session) {
  const kube::Ref own(session.metadata.ns, session.metadata.name);
  const auto own_age = std::pair(session.metadata.created.value_or(TimePoint{}), own.name);
  for (const kube::Ref& ref : context.world.sessions_of({own.ns, session.spec.invoker.name})) {
    const SessionView* view = context.world.sessions.find(ref);
    if (!view || view->finished || ref == own) continue;
    if (std::pair(view->created, ref.name) < own_age) return ref.name;
  }
  return "";
}

Task<std::optional<Reading>> read(Context& context, kube::Ref ref) {
  const auto document = co_await context.client.find(api::kBackupSession, ref);
  if (!document || kube::is_deleting(*document)) co_return std::nullopt;
  Reading reading;
  reading.session = api::BackupSession::parse(*document);
  const auto invoker =
      co_await context.client.find(api::kBackupConfiguration, {ref.ns, reading.session.spec.invoker.name});
  if (invoker && !kube::is_deleting(*invoker)) {
    reading.configuration = api::BackupConfiguration::parse(*invoker);
    reading.world.invoker_exists = true;
    reading.world.invoker_ready = reading.configuration->status.phase == api::InvokerPhase::Ready;
    if (!reading.session.finished()) co_await read_workload(context, reading);
  }
  reading.world.running = older_running(context, reading.session);
  co_return reading;
}

Task<void> clean_history(Context& context, kube::Ref configuration, std::int64_t limit) {
  std::vector<HistoryEntry> entries;
  for (const kube::Ref& ref : context.world.sessions_of(configuration))
    if (const SessionView* view = context.world.sessions.find(ref))
      entries.push_back({ref.name, view->created, view->finished, view->skipped});
  for (const std::string& name : beyond_history(std::move(entries), limit))
    co_await context.client.remove(api::kBackupSession, {configuration.ns, name},
                                   kube::Propagation::Background, "");
}

Task<void> skip(Context& context, const Reading& reading, std::string reason) {
  auto edit = [reason](api::BackupSession& session, TimePoint now) {
    return api::set_condition(session.status.conditions,
                              api::condition(api::kBackupSkipped, api::ConditionStatus::True, reason), now);
  };
  co_await change(context, reading.session, std::move(edit));
  kube::EventSubject subject;
  subject.api_version = api::kBackupSession.api_version();
  subject.kind = "BackupSession";
  subject.ref = {reading.session.metadata.ns, reading.session.metadata.name};
  subject.uid = reading.session.metadata.uid;
  co_await context.events.record(std::move(subject), kube::Severity::Warning, "Backup Skipped", reason);
}

Task<void> initiate(Context& context, const Reading& reading) {
  auto edit = [bc = *reading.configuration, total = reading.world.total_hosts](api::BackupSession& session,
                                                                               TimePoint now) {
    if (session.status.targets.empty()) session.status.targets.emplace_back();
    api::BackupTargetStatus& target = session.status.targets.front();
    target.ref = bc.spec.target->ref;
    target.total_hosts = total;
    target.pre_backup_actions = {std::string(api::kInitializeAction)};
    target.post_backup_actions = {std::string(api::kRetentionAction), std::string(api::kIntegrityAction),
                                  std::string(api::kRepositoryMetricsAction)};
    api::set_condition(
        target.conditions,
        api::condition(api::kBackupExecutorEnsured, api::ConditionStatus::True, "The sidecar is running."),
        now);
    session.status.session_deadline = session_deadline(session, bc);
    return true;
  };
  co_await change(context, reading.session, std::move(edit));
}

/// Nobody can do the work: the session fails instead of waiting for ever.
Task<void> disrupt(Context& context, const Reading& reading, std::string reason) {
  auto edit = [bc = *reading.configuration, reason](api::BackupSession& session, TimePoint now) {
    if (session.status.targets.empty()) session.status.targets.emplace_back();
    api::BackupTargetStatus& target = session.status.targets.front();
    target.ref = bc.spec.target->ref;
    target.total_hosts = 1;
    return api::set_condition(
        target.conditions, api::condition(api::kBackupExecutorEnsured, api::ConditionStatus::False, reason),
        now);
  };
  co_await change(context, reading.session, std::move(edit));
}

/// A target that was scaled while its session runs has another number of hosts to wait for.
Task<void> follow(Context& context, const Reading& reading) {
  const std::int32_t total = reading.world.total_hosts;
  auto edit = [total](api::BackupSession& session, TimePoint) {
    if (!session.status.targets.empty() && total > 0) session.status.targets.front().total_hosts = total;
    return true;
  };
  co_await change(context, reading.session, std::move(edit));
}

Task<void> finish(Context& context, const Reading& reading, const SessionPlan& plan) {
  const kube::Ref invoker(reading.session.metadata.ns, reading.session.spec.invoker.name);
  std::string history_fault;
  if (reading.configuration) {
    try {
      co_await clean_history(context, invoker, reading.configuration->history_limit());
    } catch (const Error& e) {
      if (e.kind() == ErrorKind::Cancelled) throw;
      history_fault = e.what();
    }
  }
  api::BackupSession outcome = reading.session;
  const auto set_outcome = [&plan, &history_fault, &reading](api::BackupSession& session, TimePoint now) {
    auto& conditions = session.status.conditions;
    const auto status = [](bool good) {
      return good ? api::ConditionStatus::True : api::ConditionStatus::False;
    };
    if (plan.deadline_passed) {
      const std::string limit = reading.configuration && reading.configuration->spec.time_out
                                    ? format_duration(reading.configuration->spec.time_out->value)
                                    : "its time";
      api::set_condition(conditions,
                         api::condition(api::kDeadlineExceeded, api::ConditionStatus::True,
                                        fmt::format("The session did not end within {}.", limit)),
                         now);
    }
    if (!plan.reason.empty())
      api::set_condition(
          conditions, api::condition(api::kRetentionPolicyApplied, api::ConditionStatus::False, plan.reason),
          now);
    api::set_condition(conditions,
                       api::condition(api::kBackupHistoryCleaned, status(history_fault.empty()),
                                      history_fault.empty() ? "Old sessions were removed." : history_fault),
                       now);
  };
  set_outcome(outcome, context.timers.now());
  const std::string push_fault = co_await push_backup_session(context, outcome, reading.configuration);
  auto edit = [set_outcome, push_fault](api::BackupSession& session, TimePoint now) {
    set_outcome(session, now);
    const auto status = push_fault.empty() ? api::ConditionStatus::True : api::ConditionStatus::False;
    return api::set_condition(
               session.status.conditions,
               api::condition(api::kMetricsPushed, status,
                              push_fault.empty() ? "Metrics were pushed."
                                                 : "Metrics could not be pushed: " + push_fault),
               now) ||
           true;
  };
  co_await change(context, reading.session, std::move(edit));
}

Task<void> retry(Context& context, const Reading& reading) {
  const std::string body =
      api::new_session(*reading.configuration, context.timers.now(), reading.session.spec.retry_left - 1);
  try {
    co_await context.client.create(api::kBackupSession, reading.session.metadata.ns, body);
  } catch (const Error& e) {
    if (e.kind() != ErrorKind::Conflict) throw;
  }
}

/// `retried` and `nextRetry` are the only members that a finished session still gets.
Task<void> mark(Context& context, const api::BackupSession& session, std::string patch) {
  auto write = [patch](const json::Value&) -> std::optional<std::string> { return patch; };
  co_await kube::update_status(context.client, api::kBackupSession,
                               {session.metadata.ns, session.metadata.name}, std::move(write));
}

Task<kube::Action> wait_retry(Context& context, const Reading& reading, Duration after) {
  if (reading.session.status.next_retry) co_return kube::Action::requeue(after);
  const auto& config = reading.configuration->spec.retry_config;
  const Duration delay = config && config->delay ? config->delay->value : Duration::zero();
  co_await mark(context, reading.session,
                fmt::format(R"({{"nextRetry":"{}"}})", format_time(context.timers.now() + delay)));
  co_return kube::Action::requeue(delay + std::chrono::seconds(1));
}

}  // namespace

Task<kube::Action> reconcile_session(Context& context, kube::Ref ref) {
  const std::optional<Reading> reading = co_await read(context, ref);
  if (!reading) co_return kube::Action::await_change();
  const SessionPlan plan = plan_session(reading->session, reading->world, context.timers.now());
  switch (plan.step) {
    case SessionStep::None:
      break;
    case SessionStep::Retry:
      co_await retry(context, *reading);
      co_await mark(context, reading->session, R"({"retried":true})");
      break;
    case SessionStep::WaitRetry:
      co_return co_await wait_retry(context, *reading, plan.after);
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
      if (!reading->session.status.targets.empty()) co_await follow(context, *reading);
      co_return kube::Action::requeue(plan.after);
    case SessionStep::Finish:
      co_await finish(context, *reading, plan);
      break;
  }
  if (plan.step == SessionStep::None && reading->configuration)
    co_await clean_history(context, {ref.ns, reading->session.spec.invoker.name},
                           reading->configuration->history_limit());
  co_return kube::Action::await_change();
}

}  // namespace stash::controller
