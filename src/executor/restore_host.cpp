#include "executor/restore_host.hpp"

#include <fmt/format.h>

#include "executor/arguments.hpp"
#include "executor/backend.hpp"
#include "executor/hooks.hpp"
#include "executor/reporter.hpp"
#include "executor/rules.hpp"
#include "executor/session_status.hpp"
#include "stash/api/conditions.hpp"
#include "stash/api/metrics.hpp"
#include "stash/base/error.hpp"
#include "stash/base/log.hpp"
#include "stash/base/text.hpp"

namespace stash::executor {
namespace {

struct Report {
  std::vector<std::string> errors;
  std::vector<std::string> notes;  ///< of a success: what a person should know all the same
  std::vector<api::Condition> conditions;
  std::uint64_t files = 0;
  std::uint64_t bytes = 0;
  std::uint64_t verified = 0;
  Duration duration{};

  Report() {}
  bool failed() const { return !errors.empty(); }
  std::string error() const { return fmt::format("{}", fmt::join(errors, "; ")); }
};

std::vector<std::string> texts_of(const std::vector<engine::PathProblem>& problems) {
  std::vector<std::string> out;
  for (const auto& problem : problems) out.push_back(printable(problem.path + ": " + problem.what));
  return out;
}

void add_result(Report& report, const engine::Snapshot& snapshot, const engine::RestoreResult& result) {
  report.files += result.counts.files();
  report.bytes += result.bytes_written;
  report.verified += result.files_verified;
  if (result.errors > 0) {
    report.errors.push_back(fmt::format(
        "snapshot {}: {}", snapshot.short_id(),
        list_problems(result.errors, "files could not be restored", texts_of(result.first_errors))));
  }
  if (!result.owners_kept) {
    report.notes.push_back(
        "owners could not be set: let the init container run as root (runtimeSettings) to keep them");
  }
  if (result.warnings > 0) {
    report.notes.push_back(
        list_problems(result.warnings, "attributes could not be set", texts_of(result.first_warnings)));
  }
}

Task<void> restore_items(engine::Repository& repository, const RestoreOrder& order,
                         const api::RestoreRule& rule, Report& report) {
  engine::RestoreOptions base;
  engine::TagFilter tags;
  for (const std::string& arg : apply_restore_arguments(order.session.spec.target->args, base, tags)) {
    log::warn("argument has no effect",
              {{"object", order.where()}, {"field", "spec.target.args"}, {"argument", arg}});
  }
  base.target = order.root;
  base.verify = true;
  base.durable = true;  // a pod that starts again after a crash of its node does not restore again
  base.excludes.insert(base.excludes.end(), rule.exclude.begin(), rule.exclude.end());
  engine::SnapshotFilter all;
  const auto snapshots = co_await repository.snapshots(std::move(all));
  for (const RestoreItem& item : plan_restore(rule, order.host, snapshots, tags)) {
    engine::RestoreOptions options = base;
    options.includes.insert(options.includes.end(), item.includes.begin(), item.includes.end());
    engine::Progress progress;
    const auto result = co_await engine::restore(repository, item.snapshot, std::move(options), progress);
    add_result(report, item.snapshot, result);
    log::info("snapshot restored", {{"snapshot", item.snapshot.id}, {"files", result.counts.files()}});
  }
}

/// Of many hosts a few may be meant; where there is but one, rules that name others are a mistake.
void note_missing_rule(const RestoreOrder& order, Report& report) {
  if (order.place.each_pod_is_a_host()) {
    report.notes.push_back("no rule is for this host: nothing was restored");
    return;
  }
  std::vector<std::string> named;
  for (const api::RestoreRule& rule : order.session.rules())
    named.insert(named.end(), rule.target_hosts.begin(), rule.target_hosts.end());
  if (named.empty()) named.emplace_back("none");
  report.errors.push_back(fmt::format("no rule is for host {}; targetHosts of the rules: {}", order.host,
                                      fmt::join(named, ", ")));
}

/// Does a step until the deadline. Throws what may pass; everything else becomes part of the report.
Task<void> do_in_time(Services& services, const RestoreOrder& order, Report& report, Task<void> step) {
  const auto deadline = order.session.status.session_deadline;
  std::string failure;
  try {
    if (deadline) step = net::within(*deadline - services.timers.now(), "restore", std::move(step));
    co_await std::move(step);
  } catch (const Error& e) {
    const bool late = deadline && *deadline <= services.timers.now();
    if (e.kind() == ErrorKind::Cancelled || (retryable(e.kind()) && !late)) throw;
    failure = late ? fmt::format("stopped: the deadline {} has passed (spec.timeOut)", format_time(*deadline))
                   : printable(e.what());
  }
  if (!failure.empty()) report.errors.push_back(std::move(failure));
}

HookFacts facts_of(const RestoreOrder& order) {
  HookFacts facts;
  facts.name = order.session.metadata.name;
  facts.ns = order.session.metadata.ns;
  facts.invoker_kind = api::kRestoreSession.kind;
  facts.invoker_name = order.session.metadata.name;
  facts.target = order.session.spec.target->ref;
  facts.phase = "Running";
  return facts;
}

Task<void> run_hook(Services& services, const RestoreOrder& order, Report& report,
                    const api::ConditionType& type, api::Handler handler, HookFacts facts,
                    std::string_view what) {
  std::string failure;
  try {
    const kube::Ref pod(order.place.ns, order.place.pod_name);
    co_await run_handler(services, pod, std::move(handler), std::move(facts));
  } catch (const Error& e) {
    if (e.kind() == ErrorKind::Cancelled) throw;
    failure = e.what();
  }
  const api::Condition& outcome =
      report.conditions.emplace_back(hook_outcome(type, what, order.host, failure));
  if (!failure.empty()) report.errors.push_back(outcome.message);
}

/// Where the data comes from.
struct Source {
  std::unique_ptr<OpenBackend> backend;
  std::unique_ptr<engine::Repository> repository;

  Source() {}
};

/// A Secret or a right that is missing may come: the container starts again until then.
Task<void> open_source(Services& services, const RestoreOrder& order, Source& source) {
  try {
    source.backend = co_await OpenBackend::load(services, order.session.repository());
  } catch (const Error& e) {
    const bool may_come = e.kind() == ErrorKind::NotFound || e.kind() == ErrorKind::Denied;
    throw Error(may_come ? ErrorKind::Unavailable : e.kind(), "{}", e.what());
  }
  source.repository = co_await source.backend->open();
}

/// The repository is opened first: a container that starts again and again until that succeeds does not run
/// the hook each time.
Task<void> hook_and_restore(Services& services, const RestoreOrder& order, Report& report) {
  const api::RestoreRule* rule = rule_for(order.session.rules(), order.host);
  Source source;
  if (rule) {
    auto opening = open_source(services, order, source);
    co_await do_in_time(services, order, report, std::move(opening));
  } else {
    note_missing_rule(order, report);
  }
  const auto& hooks = order.session.spec.hooks;
  if (!report.failed() && hooks && hooks->pre_restore) {
    HookFacts facts = facts_of(order);
    co_await run_hook(services, order, report, api::kPreRestoreHook, *hooks->pre_restore, std::move(facts),
                      "preRestore");
  }
  if (!report.failed() && rule) {
    auto work = restore_items(*source.repository, order, *rule, report);
    co_await do_in_time(services, order, report, std::move(work));
  }
}

Task<void> work_with_hooks(Services& services, const RestoreOrder& order, Report& report) {
  const auto start = services.timers.steady();
  co_await hook_and_restore(services, order, report);
  report.duration = services.timers.steady() - start;
  const auto& hooks = order.session.spec.hooks;
  if (hooks && hooks->post_restore && hook_applies(hooks->post_restore->execution_policy, report.failed())) {
    HookFacts facts = facts_of(order);
    facts.phase = report.failed() ? "Failed" : "Succeeded";
    facts.duration = format_duration(report.duration);
    facts.error = report.error();
    api::Handler handler = hooks->post_restore->handler();
    co_await run_hook(services, order, report, api::kPostRestoreHook, std::move(handler), std::move(facts),
                      "postRestore");
  }
}

/// Throws Error(Unavailable) when the session is gone: the next start of the container looks again. One that
/// was made anew under its name may have other rules.
Task<void> write_report(Services& services, const RestoreOrder& order, const Report& report) {
  const TimePoint now = services.timers.now();
  RestoreChange change = [&order, &report, now](api::RestoreSession& session) {
    api::HostRestoreStats entry;
    entry.hostname = order.host;
    entry.phase = report.failed() ? api::RestoreHostPhase::Failed : api::RestoreHostPhase::Succeeded;
    entry.duration = format_duration(report.duration);
    entry.error = report.error();
    upsert_host(session.status.stats, std::move(entry));
    for (const auto& condition : report.conditions)
      merge_condition(session.status.conditions, condition, now);
    return true;
  };
  const auto written = co_await change_status(services, order.session.metadata, std::move(change));
  if (!written) throw Error(ErrorKind::Unavailable, "{} has gone while it was worked on", order.where());
}

Task<void> push_host_metrics(const RestoreOrder& order, const Report& report) {
  api::MetricsSource source;
  source.invoker_kind = api::kRestoreSession.kind;
  source.invoker_name = order.session.metadata.name;
  source.ns = order.session.metadata.ns;
  source.repository = order.session.repository().name;
  metrics::Registry registry;
  std::optional<double> seconds;
  if (!report.failed()) seconds = std::chrono::duration<double>(report.duration).count();
  api::add_restore_host(registry, source, order.session.spec.target->ref, order.host, seconds);
  metrics::Labels grouping(1, {"hostname", order.host});
  co_await push_best_effort(order.place, api::push_job(source), std::move(grouping), registry);
}

std::string sentence(const RestoreOrder& order, const Report& report) {
  if (report.failed()) {
    return fmt::format(
        "host {}: {}. The application is not started; delete the RestoreSession and create it anew to try "
        "again",
        order.host, report.error());
  }
  std::string text =
      fmt::format("host {}: {} files ({} written) restored and {} verified in {}", order.host, report.files,
                  format_size(report.bytes), report.verified, format_duration(report.duration));
  for (const std::string& note : report.notes) text += "; " + note;
  return text;
}

}  // namespace

Task<bool> restore_host(Services& services, kube::EventRecorder& events, RestoreOrder order) {
  log::info("restore begins", {{"session", order.session.metadata.name}, {"host", order.host}});
  Report report;
  co_await work_with_hooks(services, order, report);
  co_await write_report(services, order, report);

  const std::string text = sentence(order, report);
  log::write(report.failed() ? log::Level::Error : log::Level::Info, "restore ended", {{"result", text}});
  const bool warn = report.failed() || !report.notes.empty();
  kube::EventSubject subject = subject_of(order.session);
  co_await events.record(std::move(subject), warn ? kube::Severity::Warning : kube::Severity::Normal,
                         report.failed() ? "Host Restore Failed" : "Host Restore Succeeded", text);
  co_await push_host_metrics(order, report);
  co_return !report.failed();
}

}  // namespace stash::executor
