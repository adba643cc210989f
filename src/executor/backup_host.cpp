#include "executor/backup_host.hpp"

#include <boost/asio/this_coro.hpp>

#include <fmt/format.h>

#include "executor/arguments.hpp"
#include "executor/backend.hpp"
#include "executor/backup_figures.hpp"
#include "executor/hooks.hpp"
#include "executor/post_hook.hpp"
#include "executor/reporter.hpp"
#include "executor/session_status.hpp"
#include "stash/api/conditions.hpp"
#include "stash/api/metrics.hpp"
#include "stash/api/names.hpp"
#include "stash/base/error.hpp"
#include "stash/base/log.hpp"
#include "stash/base/text.hpp"
#include "stash/engine/backup.hpp"

namespace stash::executor {
namespace {

/// What is to be written about a host.
struct Report {
  std::vector<api::SnapshotStats> snapshots;
  api::HostBackupFigures figures;
  std::vector<std::string> errors;
  std::vector<api::Condition> target_conditions;
  std::vector<api::Condition> session_conditions;
  Duration duration{};

  Report() {}
  bool failed() const { return !errors.empty(); }
  std::string error() const { return fmt::format("{}", fmt::join(errors, "; ")); }
};

engine::BackupOptions options_for(const BackupOrder& order, const std::string& path) {
  engine::BackupOptions options;
  options.paths.push_back(path);
  options.host = order.view.host;
  options.excludes = order.target().exclude;
  for (const std::string& arg : apply_backup_arguments(order.target().args, options)) {
    log::warn("argument has no effect",
              {{"object", order.where()}, {"field", "spec.target.args"}, {"argument", arg}});
  }
  options.source = order.workload();
  options.source.insert({{"pod", order.place.pod_name},
                         {"node", order.place.node_name},
                         {"session", order.session.metadata.name}});
  return options;
}

/// The snapshot is kept either way; an incomplete one is not called a success.
void add_result(Report& report, const std::string& path, const engine::BackupResult& result) {
  const engine::Snapshot& snapshot = result.snapshot;
  report.snapshots.push_back(stats_of(result, path));
  add_figures(report.figures, result);
  if (snapshot.complete) return;
  std::vector<std::string> first;
  for (const engine::PathProblem& problem : snapshot.first_errors)
    first.push_back(printable(problem.path + ": " + problem.what));
  report.errors.push_back(fmt::format("snapshot {} of {} is incomplete: {}", snapshot.short_id(), path,
                                      list_problems(snapshot.errors, "entries could not be read", first)));
}

Task<void> back_up_paths(engine::Repository& repository, const BackupOrder& order, Report& report) {
  const auto& paths = order.target().paths;
  if (paths.empty())
    throw Error(ErrorKind::Invalid, "{}: spec.target.paths is empty: name at least one path", order.where());
  for (const std::string& path : paths) {
    engine::Progress progress;
    engine::BackupOptions options = options_for(order, path);
    try {
      const auto result = co_await engine::backup(repository, std::move(options), progress);
      add_result(report, path, result);
      log::info("path backed up", {{"path", path}, {"snapshot", result.snapshot.id}});
    } catch (const Error& e) {
      if (e.kind() == ErrorKind::Cancelled) throw;
      report.errors.push_back("back up " + path + ": " + printable(e.what()));
    }
  }
}

/// Opens the repository, or makes it where this target is the one to do so; the session's condition tells
/// which it was.
Task<std::unique_ptr<engine::Repository>> ready_repository(OpenBackend& backend, const BackupOrder& order,
                                                           Report& report) {
  const auto at = find_target(order.session, order.view);
  const bool initialises = at && !order.session.status.targets[*at].pre_backup_actions.empty();
  if (!initialises) co_return co_await backend.open();
  std::string failure;
  try {
    auto repository = co_await backend.open_or_init();
    // The host's name makes the words new, and so their time that of the last report.
    report.session_conditions.push_back(
        api::condition(api::kBackendRepositoryInitialized, api::ConditionStatus::True,
                       fmt::format("host {} found the repository ready", order.view.host)));
    co_return repository;
  } catch (const Error& e) {
    if (e.kind() == ErrorKind::Cancelled) throw;
    failure = e.what();
    report.session_conditions.push_back(
        api::condition(api::kBackendRepositoryInitialized, api::ConditionStatus::False, failure));
    throw;
  }
}

Task<void> back_up_data(Services& services, const BackupOrder& order, Report& report) {
  const kube::Ref ref = order.configuration.repository();
  if (ref.name.empty()) throw Error(ErrorKind::Invalid, "{}: spec.repository.name is missing", order.where());
  const auto backend = co_await OpenBackend::load(services, ref);
  const auto repository = co_await ready_repository(*backend, order, report);
  co_await back_up_paths(*repository, order, report);
}

/// The same, ended by the session's deadline and by its end.
Task<void> back_up_in_time(Services& services, const BackupOrder& order, const WhileOpen& while_open,
                           Report& report) {
  const auto deadline = order.session.status.session_deadline;
  std::string failure;
  try {
    auto work = back_up_data(services, order, report);
    if (deadline) work = net::within(*deadline - services.timers.now(), "back up", std::move(work));
    const bool done = co_await while_open(std::move(work));
    if (!done) failure = "stopped: the session has ended";
  } catch (const Error& e) {
    if (e.kind() == ErrorKind::Cancelled) throw;
    failure = e.what();
  }
  if (failure.empty()) co_return;
  const bool late = deadline && *deadline <= services.timers.now();
  report.errors.push_back(
      late ? fmt::format("stopped: the session's deadline {} has passed (spec.timeOut of {})",
                         format_time(*deadline), order.where())
           : failure);
}

HookFacts facts_of(const BackupOrder& order) {
  HookFacts facts;
  facts.name = order.session.metadata.name;
  facts.ns = order.session.metadata.ns;
  facts.invoker_kind = order.view.invoker_kind;
  facts.invoker_name = order.view.invoker_name;
  facts.target = order.target().ref;
  facts.phase = "Running";
  facts.retry_left = order.session.spec.retry_left;
  return facts;
}

/// Notes a hook's outcome as a condition of the target.
void note_hook(const BackupOrder& order, Report& report, const api::ConditionType& type,
               std::string_view what, const std::string& failure) {
  const api::Condition& outcome =
      report.target_conditions.emplace_back(hook_outcome(type, what, order.view.host, failure));
  if (!failure.empty()) report.errors.push_back(outcome.message);
}

Task<void> run_pre_hook(Services& services, const BackupOrder& order, Report& report) {
  std::string failure;
  try {
    const kube::Ref pod(order.place.ns, order.place.pod_name);
    api::Handler handler = *order.configuration.spec.hooks->pre_backup;
    HookFacts facts = facts_of(order);
    co_await run_handler(services, pod, std::move(handler), std::move(facts));
  } catch (const Error& e) {
    if (e.kind() == ErrorKind::Cancelled) throw;
    failure = e.what();
  }
  note_hook(order, report, api::kPreBackupHook, "preBackup", failure);
}

Task<void> run_post_hook(Services& services, const BackupOrder& order, Report& report, bool stopped) {
  const auto& hook = *order.configuration.spec.hooks->post_backup;
  if (!hook_applies(hook.execution_policy, report.failed(), order.session.spec.retry_left)) co_return;
  HookFacts facts = facts_of(order);
  facts.phase = report.failed() ? "Failed" : "Succeeded";
  facts.duration = format_duration(report.duration);
  facts.error = report.error();
  const kube::Ref pod(order.place.ns, order.place.pod_name);
  api::Handler handler = hook.handler();
  const std::string failure =
      co_await run_to_the_end(services, pod, std::move(handler), std::move(facts), stopped);
  note_hook(order, report, api::kPostBackupHook, "postBackup", failure);
  if (stopped) log::warn("postBackup hook was run for stopped work", {{"result", report.error()}});
}

Task<void> hook_and_work(Services& services, const BackupOrder& order, const WhileOpen& while_open,
                         Report& report) {
  const auto& hooks = order.configuration.spec.hooks;
  if (hooks && hooks->pre_backup) co_await run_pre_hook(services, order, report);
  if (!report.failed()) co_await back_up_in_time(services, order, while_open, report);
}

/// Work that is stopped is told to nobody and done again; but what its first hook has begun the second ends.
Task<void> work_with_hooks(Services& services, const BackupOrder& order, const WhileOpen& while_open,
                           Report& report) {
  const auto start = services.timers.steady();
  std::exception_ptr stopped;
  try {
    co_await hook_and_work(services, order, while_open, report);
  } catch (...) {
    stopped = std::current_exception();
    report.errors.emplace_back("stopped: the pod ends or has lost its Lease");
  }
  report.duration = services.timers.steady() - start;
  const auto& hooks = order.configuration.spec.hooks;
  const bool throws = co_await boost::asio::this_coro::throw_if_cancelled();
  co_await boost::asio::this_coro::throw_if_cancelled(false);
  if (hooks && hooks->post_backup && (hooks->pre_backup || !stopped))
    co_await run_post_hook(services, order, report, stopped != nullptr);
  co_await boost::asio::this_coro::throw_if_cancelled(throws);
  if (stopped) std::rethrow_exception(stopped);
}

api::HostBackupStats entry_of(const BackupOrder& order, const Report& report) {
  api::HostBackupStats entry;
  entry.hostname = order.view.host;
  entry.phase = report.failed() ? api::HostPhase::Failed : api::HostPhase::Succeeded;
  entry.snapshots = report.snapshots;
  entry.duration = format_duration(report.duration);
  entry.error = report.error();
  return entry;
}

/// False when the session is gone: then there is nobody to tell.
Task<bool> write_report(Services& services, const BackupOrder& order, const Report& report) {
  const TimePoint now = services.timers.now();
  BackupChange change = [&order, &report, now](api::BackupSession& session) {
    const auto at = find_target(session, order.view);
    if (!at) return false;
    auto& target = session.status.targets[*at];
    upsert_host(target.stats, entry_of(order, report));
    for (const auto& condition : report.target_conditions) merge_condition(target.conditions, condition, now);
    for (const auto& condition : report.session_conditions)
      api::set_condition(session.status.conditions, condition, now);
    return true;
  };
  const api::ObjectMeta& session = order.session.metadata;
  const auto written = co_await change_status(services, session, std::move(change));
  if (!written)
    log::warn("session is gone, its report is lost",
              {{"session", kube::Ref(session.ns, session.name).str()}});
  co_return written.has_value();
}

Task<void> push_host_metrics(const BackupOrder& order, const Report& report) {
  api::MetricsSource source;
  source.invoker_kind = order.view.invoker_kind;
  source.invoker_name = order.view.invoker_name;
  source.ns = order.place.ns;
  source.repository = order.configuration.repository().name;
  metrics::Registry registry;
  api::HostBackupFigures figures = report.figures;
  figures.seconds = std::chrono::duration<double>(report.duration).count();
  api::add_backup_host(registry, source, order.target().ref, order.view.host,
                       report.failed() ? nullptr : &figures);
  metrics::Labels grouping(1, {"hostname", order.view.host});
  co_await push_best_effort(order.place, api::push_job(source), std::move(grouping), registry);
}

}  // namespace

Task<void> back_up_host(Services& services, kube::EventRecorder& events, BackupOrder order,
                        WhileOpen while_open) {
  log::info("backup begins", {{"session", order.session.metadata.name}, {"host", order.view.host}});
  Report report;
  co_await work_with_hooks(services, order, while_open, report);
  const bool told = co_await write_report(services, order, report);
  if (!told) co_return;

  const std::string text = report.failed()
                               ? fmt::format("host {}: {}", order.view.host, report.error())
                               : fmt::format("host {}: {} snapshots in {}", order.view.host,
                                             report.snapshots.size(), format_duration(report.duration));
  log::write(report.failed() ? log::Level::Error : log::Level::Info, "backup ended",
             {{"session", order.session.metadata.name}, {"host", order.view.host}, {"result", text}});
  const auto severity = report.failed() ? kube::Severity::Warning : kube::Severity::Normal;
  kube::EventSubject subject = subject_of(order.session);
  co_await events.record(std::move(subject), severity,
                         report.failed() ? "Host Backup Failed" : "Host Backup Succeeded", text);
  co_await push_host_metrics(order, report);
}

}  // namespace stash::executor
