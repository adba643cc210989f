#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "stash/api/types.hpp"
#include "stash/metrics/registry.hpp"

/// The metrics that executors and operator push. Each value goes out under two names, an old one and a new
/// one, as dashboards know either; of a failure only `success` 0 is told. All are gauges.
namespace stash::api {

/// Whose session the metrics are of: the labels that all of them share.
struct MetricsSource {
  std::string invoker_kind;  ///< BackupConfiguration, RestoreSession
  std::string invoker_name;
  std::string ns;
  std::string driver = "Restic";
  std::string repository;

  MetricsSource() {}
};

/// Name of the Pushgateway job: `<kind in lower case>-<namespace>-<name>`. Hosts add `hostname` to the
/// grouping key, so that one host's push does not replace another's.
std::string push_job(const MetricsSource& source);

/// What one host's backup moved, summed over its paths.
struct HostBackupFigures {
  double seconds = 0;             ///< from start to end of the host's work
  double processing_seconds = 0;  ///< of it, reading and storing
  std::uint64_t bytes = 0;
  std::uint64_t uploaded_bytes = 0;
  std::uint64_t files = 0;
  std::uint64_t files_new = 0;
  std::uint64_t files_modified = 0;
  std::uint64_t files_unmodified = 0;

  HostBackupFigures() {}
};

/// What is known of a repository; what is not is left out.
struct RepositoryFigures {
  std::string name;
  std::string ns;
  std::string provider;
  std::string container;
  std::string prefix;
  std::optional<bool> integrity;
  std::optional<std::uint64_t> bytes;
  std::optional<std::uint64_t> snapshots;
  std::optional<std::uint64_t> snapshots_removed;

  RepositoryFigures() {}
};

void add_backup_session(metrics::Registry& to, const MetricsSource& source, bool success, double seconds,
                        std::size_t targets, TimePoint end);
void add_backup_target(metrics::Registry& to, const MetricsSource& source, const TargetRef& target,
                       bool success, std::int32_t hosts, TimePoint end);
/// `figures` is null when the host failed.
void add_backup_host(metrics::Registry& to, const MetricsSource& source, const TargetRef& target,
                     std::string_view host, const HostBackupFigures* figures);

void add_restore_session(metrics::Registry& to, const MetricsSource& source, bool success, double seconds,
                         std::size_t targets);
void add_restore_target(metrics::Registry& to, const MetricsSource& source, const TargetRef& target,
                        bool success, std::int32_t hosts);
/// `seconds` is empty when the host failed.
void add_restore_host(metrics::Registry& to, const MetricsSource& source, const TargetRef& target,
                      std::string_view host, std::optional<double> seconds);

void add_repository(metrics::Registry& to, const MetricsSource& source, const RepositoryFigures& figures);

}  // namespace stash::api
