#include "stash/api/metrics.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace stash::api {
namespace {

using metrics::Labels;
using metrics::Registry;

/// A family of metrics: the beginnings of its old and its new names. Of what is told of a session, only
/// success and duration have "session" in their old names.
struct Family {
  std::string_view old_prefix;
  std::string_view new_prefix;
};
constexpr Family kBackupFamily{"stash_backup_", "stash_appscode_com_backupsession_"};
constexpr Family kBackupSessionFamily{"stash_backup_session_", "stash_appscode_com_backupsession_"};
constexpr Family kBackupTargetFamily{"stash_backup_target_", "stash_appscode_com_backupsession_target_"};
constexpr Family kBackupHostFamily{"stash_backup_host_", "stash_appscode_com_backupsession_host_"};
constexpr Family kRestoreFamily{"stash_restore_", "stash_appscode_com_restoresession_"};
constexpr Family kRestoreSessionFamily{"stash_restore_session_", "stash_appscode_com_restoresession_"};
constexpr Family kRestoreTargetFamily{"stash_restore_target_", "stash_appscode_com_restoresession_target_"};
constexpr Family kRestoreHostFamily{"stash_restore_host_", "stash_appscode_com_restoresession_host_"};
constexpr Family kRepositoryFamily{"stash_repository_", "stash_appscode_com_repository_"};

void set(Registry& to, const Family& family, std::string_view name, std::string_view help,
         const Labels& labels, double value) {
  for (const std::string_view prefix : {family.old_prefix, family.new_prefix})
    to.set(fmt::format("{}{}", prefix, name), help, labels, value);
}

double unix_seconds(TimePoint at) {
  return static_cast<double>(std::chrono::floor<std::chrono::seconds>(at).time_since_epoch().count());
}

Labels session_labels(const MetricsSource& source) {
  Labels labels{{"invoker_kind", source.invoker_kind},
                {"invoker_name", source.invoker_name},
                {"namespace", source.ns},
                {"driver", source.driver}};
  if (source.driver == "Restic") {
    labels.emplace_back("repository", source.repository);
  } else {
    labels.emplace_back("kind", "PersistentVolumeClaim");
    labels.emplace_back("group", "");
  }
  return labels;
}

/// Sets a label, replacing one of the same name.
void label(Labels& labels, std::string_view name, std::string value) {
  const auto known =
      std::find_if(labels.begin(), labels.end(), [&](const auto& l) { return l.first == name; });
  if (known != labels.end())
    known->second = std::move(value);
  else
    labels.emplace_back(name, std::move(value));
}

Labels target_labels(const MetricsSource& source, const TargetRef& target) {
  Labels labels = session_labels(source);
  const auto slash = target.api_version.find('/');
  label(labels, "kind", target.kind);
  label(labels, "group", slash == std::string::npos ? "" : target.api_version.substr(0, slash));
  label(labels, "name", target.name);
  return labels;
}

Labels host_labels(const MetricsSource& source, const TargetRef& target, std::string_view host) {
  Labels labels = target_labels(source, target);
  label(labels, "hostname", std::string(host));
  return labels;
}

Labels repository_labels(const MetricsSource& source, const RepositoryFigures& figures) {
  Labels labels = session_labels(source);
  label(labels, "name", figures.name);
  label(labels, "namespace", figures.ns);
  label(labels, "backend", figures.provider);
  label(labels, "bucket", figures.container);
  label(labels, "prefix", figures.prefix);
  return labels;
}

}  // namespace

std::string push_job(const MetricsSource& source) {
  std::string job = fmt::format("{}-{}-{}", source.invoker_kind, source.ns, source.invoker_name);
  std::transform(job.begin(), job.end(), job.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return job;
}

void add_backup_session(Registry& to, const MetricsSource& source, bool success, double seconds,
                        std::size_t targets, TimePoint end) {
  const Labels labels = session_labels(source);
  set(to, kBackupSessionFamily, "success", "Whether the last backup session succeeded (1) or not (0).",
      labels, success ? 1 : 0);
  if (!success) return;
  set(to, kBackupSessionFamily, "duration_seconds", "Seconds that the last successful session took.", labels,
      seconds);
  set(to, kBackupFamily, "target_count_total", "Targets of the session.", labels,
      static_cast<double>(targets));
  set(to, kBackupFamily, "last_success_time_seconds", "Unix time of the last success.", labels,
      unix_seconds(end));
}

void add_backup_target(Registry& to, const MetricsSource& source, const TargetRef& target, bool success,
                       std::int32_t hosts, TimePoint end) {
  const Labels labels = target_labels(source, target);
  const Family& family = kBackupTargetFamily;
  set(to, family, "success", "Whether the last backup of the target succeeded (1) or not (0).", labels,
      success ? 1 : 0);
  if (!success) return;
  set(to, family, "host_count_total", "Hosts of the target.", labels, hosts);
  set(to, family, "last_success_time_seconds", "Unix time of the last success.", labels, unix_seconds(end));
}

void add_backup_host(Registry& to, const MetricsSource& source, const TargetRef& target,
                     std::string_view host, const HostBackupFigures* figures) {
  const Labels labels = host_labels(source, target, host);
  const Family& family = kBackupHostFamily;
  const auto put = [&](std::string_view name, std::string_view help, double value) {
    set(to, family, name, help, labels, value);
  };
  put("backup_success", "Whether the last backup of the host succeeded (1) or not (0).", figures ? 1 : 0);
  if (!figures) return;
  put("backup_duration_seconds", "Seconds that the host's backup took.", figures->seconds);
  put("data_size_bytes", "Bytes of the files in the snapshots.", static_cast<double>(figures->bytes));
  put("data_uploaded_bytes", "Bytes that were new and stored.", static_cast<double>(figures->uploaded_bytes));
  put("data_processing_time_seconds", "Seconds spent reading and storing.", figures->processing_seconds);
  put("files_total", "Files in the snapshots.", static_cast<double>(figures->files));
  put("files_new", "Files that were not there before.", static_cast<double>(figures->files_new));
  put("files_modified", "Files that had changed.", static_cast<double>(figures->files_modified));
  put("files_unmodified", "Files that had not changed.", static_cast<double>(figures->files_unmodified));
}

void add_restore_session(Registry& to, const MetricsSource& source, bool success, double seconds,
                         std::size_t targets) {
  const Labels labels = session_labels(source);
  set(to, kRestoreSessionFamily, "success", "Whether the restore session succeeded (1) or not (0).", labels,
      success ? 1 : 0);
  if (!success) return;
  set(to, kRestoreSessionFamily, "duration_seconds", "Seconds that the session took.", labels, seconds);
  set(to, kRestoreFamily, "target_count_total", "Targets of the session.", labels,
      static_cast<double>(targets));
}

void add_restore_target(Registry& to, const MetricsSource& source, const TargetRef& target, bool success,
                        std::int32_t hosts) {
  const Labels labels = target_labels(source, target);
  const Family& family = kRestoreTargetFamily;
  set(to, family, "success", "Whether the restore of the target succeeded (1) or not (0).", labels,
      success ? 1 : 0);
  if (success) set(to, family, "host_count_total", "Hosts of the target.", labels, hosts);
}

void add_restore_host(Registry& to, const MetricsSource& source, const TargetRef& target,
                      std::string_view host, std::optional<double> seconds) {
  const Labels labels = host_labels(source, target, host);
  const Family& family = kRestoreHostFamily;
  set(to, family, "restore_success", "Whether the restore of the host succeeded (1) or not (0).", labels,
      seconds ? 1 : 0);
  if (seconds)
    set(to, family, "restore_duration_seconds", "Seconds that the host's restore took.", labels, *seconds);
}

void add_repository(Registry& to, const MetricsSource& source, const RepositoryFigures& figures) {
  const Labels labels = repository_labels(source, figures);
  const auto put = [&](std::string_view name, std::string_view help, const auto& value) {
    if (value) set(to, kRepositoryFamily, name, help, labels, static_cast<double>(*value));
  };
  put("integrity", "Whether the last check found the repository sound (1) or not (0).", figures.integrity);
  put("size_bytes", "Bytes stored.", figures.bytes);
  put("snapshot_count", "Snapshots in the repository.", figures.snapshots);
  put("snapshot_cleaned", "Snapshots that the last retention run removed.", figures.snapshots_removed);
}

}  // namespace stash::api
