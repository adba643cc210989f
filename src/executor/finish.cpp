#include "executor/finish.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "executor/backend.hpp"
#include "executor/reporter.hpp"
#include "executor/session_status.hpp"
#include "stash/api/conditions.hpp"
#include "stash/api/metrics.hpp"
#include "stash/api/names.hpp"
#include "stash/base/error.hpp"
#include "stash/base/log.hpp"
#include "stash/engine/check.hpp"
#include "stash/kube/status.hpp"

namespace stash::executor {
namespace {

/// What the actions have found out so far.
struct Findings {
  std::optional<std::uint64_t> removed;
  std::optional<bool> sound;
  std::uint64_t snapshots = 0;
  std::uint64_t stored_bytes = 0;
  std::optional<TimePoint> first_backup;
  bool measured = false;

  Findings() {}
};

bool all_succeeded(const api::BackupSession& session) {
  return std::ranges::all_of(session.status.targets, [](const api::BackupTargetStatus& target) {
    return std::ranges::all_of(target.stats,
                               [](const auto& host) { return host.phase == api::HostPhase::Succeeded; });
  });
}

/// The Repository may hold what others back up, under the same host and path even: the policy is not theirs.
Task<std::string> apply_retention(engine::Repository& repository, const BackupOrder& order,
                                  Findings& findings) {
  const api::RetentionPolicy& policy = order.configuration.spec.retention_policy;
  engine::ForgetOptions options;
  options.policy = keep_policy(policy);
  options.filter.source = order.workload();
  options.prune = policy.prune;
  options.dry_run = policy.dry_run;
  const auto result = co_await engine::forget(repository, std::move(options));
  findings.removed = policy.dry_run ? 0 : result.removed;
  const std::uint64_t refused = result.refused.objects + result.prune.refused.objects;
  const std::string& refusal = result.refused.objects > 0 ? result.refused.first : result.prune.refused.first;
  co_return fmt::format(
      "{} snapshots kept, {} {}, {} {}{}", result.kept, result.removed,
      policy.dry_run ? "would be removed (dry run)" : "removed", format_size(result.prune.bytes_freed),
      policy.dry_run ? "would be freed" : "freed",
      refused > 0 ? fmt::format("; {} objects cannot be deleted: {}", refused, refusal) : "");
}

Task<std::string> verify(engine::Repository& repository, Findings& findings) {
  engine::CheckOptions options;
  engine::Progress progress;
  const auto result = co_await engine::check(repository, options, progress);
  findings.sound = result.ok();
  if (!result.ok()) {
    throw Error(ErrorKind::Corrupt, "{}",
                list_problems(result.errors.size(), "faults in the repository", result.errors));
  }
  co_return fmt::format("{} snapshots and {} packs are sound", result.snapshots, result.packs);
}

Task<void> measure(engine::Repository& repository, Findings& findings) {
  engine::SnapshotFilter all;
  const auto snapshots = co_await repository.snapshots(all);
  findings.snapshots = snapshots.size();
  if (!snapshots.empty()) findings.first_backup = snapshots.front().start;
  const auto stats = co_await engine::stats(repository, std::move(all));
  findings.stored_bytes = stats.stored_bytes;
  findings.measured = true;
}

/// Members of Repository.status that a session changes.
std::string repository_patch(const json::Value& object, const BackupOrder& order, const Findings& findings) {
  api::Repository repository = api::Repository::parse(object);
  api::RepositoryStatus& status = repository.status;
  std::string patch = fmt::format(R"("totalSize":{},"snapshotCount":{})",
                                  json::quote(format_size(findings.stored_bytes)), findings.snapshots);
  if (findings.sound) patch += fmt::format(R"(,"integrity":{})", *findings.sound);
  if (findings.removed) patch += fmt::format(R"(,"snapshotsRemovedOnLastCleanup":{})", *findings.removed);
  if (!status.first_backup_time && findings.first_backup) {
    patch += fmt::format(R"(,"firstBackupTime":"{}")", format_time(*findings.first_backup));
  }
  const auto created = order.session.metadata.created;
  if (created && all_succeeded(order.session) &&
      (!status.last_backup_time || *status.last_backup_time < *created)) {
    patch += fmt::format(R"(,"lastBackupTime":"{}")", format_time(*created));
  }
  return "{" + patch + "}";
}

Task<void> write_repository_status(Services& services, const BackupOrder& order, const Findings& findings) {
  kube::StatusChange change = [&order, &findings](const json::Value& object) -> std::optional<std::string> {
    return repository_patch(object, order, findings);
  };
  co_await kube::update_status(services.client, api::kRepository, order.configuration.repository(),
                               std::move(change));
}

Task<std::string> push_repository_metrics(const BackupOrder& order, const api::Repository& object,
                                          const Findings& findings) {
  if (order.place.pushgateway_url.empty()) co_return "metrics are turned off";
  api::MetricsSource source;
  source.invoker_kind = order.view.invoker_kind;
  source.invoker_name = order.view.invoker_name;
  source.ns = order.place.ns;
  source.repository = object.metadata.name;
  api::RepositoryFigures figures;
  figures.name = object.metadata.name;
  figures.ns = object.metadata.ns;
  figures.provider = object.spec.backend.provider();
  figures.container = object.spec.backend.container();
  figures.prefix = object.spec.backend.prefix();
  figures.integrity = findings.sound;
  figures.bytes = findings.stored_bytes;
  figures.snapshots = findings.snapshots;
  figures.snapshots_removed = findings.removed;
  metrics::Registry registry;
  api::add_repository(registry, source, figures);
  metrics::Labels no_grouping;
  const std::string failure =
      co_await push_best_effort(order.place, api::push_job(source), std::move(no_grouping), registry);
  if (!failure.empty()) throw Error(ErrorKind::Unavailable, "{}", failure);
  co_return "repository metrics were pushed";
}

/// One run of the actions over an open repository.
class Finisher {
 public:
  Finisher(Services& services, BackupOrder& order, OpenBackend& backend, engine::Repository& repository)
      : services_(services), order_(order), backend_(backend), repository_(repository) {}

  Task<void> run() {
    co_await act(api::kRetentionAction, api::kRetentionPolicyApplied,
                 apply_retention(repository_, order_, findings_));
    co_await act(api::kIntegrityAction, api::kRepositoryIntegrityVerified, verify_and_record());
    co_await act(api::kRepositoryMetricsAction, api::kRepositoryMetricsPushed, measure_and_push());
  }

 private:
  Task<std::string> verify_and_record() {
    std::exception_ptr failure;
    std::string text;
    try {
      text = co_await verify(repository_, findings_);
    } catch (const Error& e) {
      if (e.kind() != ErrorKind::Corrupt) throw;
      failure = std::current_exception();
      findings_.sound = false;
    }
    co_await measure(repository_, findings_);
    co_await write_repository_status(services_, order_, findings_);
    if (failure) std::rethrow_exception(failure);
    co_return text;
  }

  /// After a restart between the actions the figures are not known yet.
  Task<std::string> measure_and_push() {
    if (!findings_.measured) co_await measure(repository_, findings_);
    co_return co_await push_repository_metrics(order_, backend_.object(), findings_);
  }

  /// Runs one action if this target carries it and it has no condition yet, and writes the condition.
  Task<void> act(std::string_view action, const api::ConditionType& type, Task<std::string> deed) {
    const auto at = find_target(order_.session, order_.view);
    if (!at) co_return;
    const auto& actions = order_.session.status.targets[*at].post_backup_actions;
    if (std::ranges::find(actions, action) == actions.end()) co_return;
    if (api::find_condition(order_.session.status.conditions, type)) co_return;
    auto status = api::ConditionStatus::True;
    std::string text;
    try {
      text = co_await std::move(deed);
    } catch (const Error& e) {
      if (e.kind() == ErrorKind::Cancelled) throw;
      status = api::ConditionStatus::False;
      text = e.what();
    }
    log::write(status == api::ConditionStatus::True ? log::Level::Info : log::Level::Error,
               "post-backup action", {{"action", action}, {"result", text}});
    api::Condition condition = api::condition(type, status, std::move(text));
    co_await write(std::move(condition));
  }

  Task<void> write(api::Condition condition) {
    const TimePoint now = services_.timers.now();
    BackupChange change = [condition = std::move(condition), now](api::BackupSession& session) {
      return api::set_condition(session.status.conditions, condition, now);
    };
    auto written = co_await change_status(services_, order_.session.metadata, std::move(change));
    if (written) order_.session = std::move(*written);
  }

  Services& services_;
  BackupOrder& order_;
  OpenBackend& backend_;
  engine::Repository& repository_;
  Findings findings_;
};

/// When the repository cannot even be opened, no action can be done: each says so.
Task<void> fail_all(Services& services, const BackupOrder& order, std::string why) {
  const TimePoint now = services.timers.now();
  BackupChange change = [&order, why, now](api::BackupSession& session) {
    const auto at = find_target(session, order.view);
    if (!at) return false;
    bool changed = false;
    const std::pair<std::string_view, const api::ConditionType*> pairs[] = {
        {api::kRetentionAction, &api::kRetentionPolicyApplied},
        {api::kIntegrityAction, &api::kRepositoryIntegrityVerified},
        {api::kRepositoryMetricsAction, &api::kRepositoryMetricsPushed}};
    const auto& actions = session.status.targets[*at].post_backup_actions;
    for (const auto& [action, type] : pairs) {
      if (std::ranges::find(actions, action) == actions.end()) continue;
      if (api::find_condition(session.status.conditions, *type)) continue;
      api::Condition failed = api::condition(*type, api::ConditionStatus::False, why);
      changed |= api::set_condition(session.status.conditions, std::move(failed), now);
    }
    return changed;
  };
  co_await change_status(services, order.session.metadata, std::move(change));
}

}  // namespace

engine::KeepPolicy keep_policy(const api::RetentionPolicy& policy) {
  engine::KeepPolicy keep;
  keep.last = policy.keep_last;
  keep.hourly = policy.keep_hourly;
  keep.daily = policy.keep_daily;
  keep.weekly = policy.keep_weekly;
  keep.monthly = policy.keep_monthly;
  keep.yearly = policy.keep_yearly;
  for (const std::string& list : policy.keep_tags) keep.tags.add(list);
  return keep;
}

Task<void> finish_backup(Services& services, BackupOrder order) {
  std::unique_ptr<OpenBackend> backend;
  std::unique_ptr<engine::Repository> repository;
  std::string failure;
  bool api_answers = false;
  try {
    backend = co_await OpenBackend::load(services, order.configuration.repository());
    api_answers = true;
    repository = co_await backend->open();
  } catch (const Error& e) {
    // The store was waited for long enough by its own rules; the API server is asked until it answers.
    if (e.kind() == ErrorKind::Cancelled || (!api_answers && retryable(e.kind()))) throw;
    failure = e.what();
  }
  if (!repository) {
    co_await fail_all(services, order, std::move(failure));
    co_return;
  }
  Finisher finisher(services, order, *backend, *repository);
  co_await finisher.run();
}

}  // namespace stash::executor
