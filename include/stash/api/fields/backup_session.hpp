#pragma once

// The field tables of BackupSession (backup_session.hpp).

#include "stash/api/backup_session.hpp"
#include "stash/api/fields/types.hpp"

namespace stash::api {

constexpr auto Invoker::fields() {
  return std::tuple{Field{"apiGroup", &Invoker::api_group, "API group of the invoker."},
                    Field{"kind", &Invoker::kind, "BackupConfiguration or BackupBatch.", {.required = true}},
                    Field{"name",
                          &Invoker::name,
                          "Name of the invoker, in this namespace.",
                          {.required = true, .min_length = 1, .max_length = 253}}};
}

constexpr auto BackupSessionSpec::fields() {
  return std::tuple{
      Field{"invoker", &BackupSessionSpec::invoker, "The object that says what to back up."},
      Field{"retryLeft", &BackupSessionSpec::retry_left, "How often a failure may still be tried again."}};
}

constexpr auto FileStats::fields() {
  return std::tuple{
      Field{"totalFiles", &FileStats::total_files, "Files in the snapshot."},
      Field{"newFiles", &FileStats::new_files, "Files that the parent did not have."},
      Field{"modifiedFiles", &FileStats::modified_files, "Files that differ from the parent's."},
      Field{"unmodifiedFiles", &FileStats::unmodified_files, "Files as the parent has them."}};
}

constexpr auto SnapshotStats::fields() {
  using S = SnapshotStats;
  return std::tuple{Field{"name", &S::name, "Id of the snapshot."},
                    Field{"path", &S::path, "Path that it holds."},
                    Field{"totalSize", &S::total_size, "Bytes of all its files."},
                    Field{"uploaded", &S::uploaded, "Bytes that were new and stored."},
                    Field{"processingTime", &S::processing_time, "How long it took, m:ss."},
                    Field{"fileStats", &S::file_stats, "How many files were new, changed and unchanged."}};
}

constexpr auto HostBackupStats::fields() {
  using H = HostBackupStats;
  return std::tuple{Field{"hostname", &H::hostname, "Name of the host."},
                    Field{"phase", &H::phase, "Succeeded or Failed."},
                    Field{"snapshots", &H::snapshots, "What was stored, one entry a path."},
                    Field{"duration", &H::duration, "How long the host took."},
                    Field{"error", &H::error, "Why it failed."}};
}

constexpr auto BackupTargetStatus::fields() {
  using T = BackupTargetStatus;
  return std::tuple{
      Field{"ref", &T::ref, "The target."},
      Field{"totalHosts", &T::total_hosts, "Hosts that have to report."},
      Field{"phase", &T::phase, "Pending, Running, Succeeded or Failed."},
      Field{"stats", &T::stats, "One entry a host."},
      Field{"preBackupActions", &T::pre_backup_actions, "What its executor does before the first host."},
      Field{"postBackupActions", &T::post_backup_actions, "What its executor does after the last host."},
      Field{"conditions", &T::conditions, "What has been done for this target."}};
}

constexpr auto BackupSessionStatus::fields() {
  using S = BackupSessionStatus;
  return std::tuple{
      Field{"phase", &S::phase, "Pending, Running, Succeeded, Failed, Skipped or Unknown."},
      Field{"sessionDuration", &S::session_duration, "From creation to completion."},
      Field{"targets", &S::targets, "One entry a target."},
      Field{"conditions", &S::conditions, "What has been done for the session."},
      Field{"sessionDeadline", &S::session_deadline, "When the session fails if it is not finished."},
      Field{"retried", &S::retried, "A further session was made for this failed one."},
      Field{"nextRetry", &S::next_retry, "When that will be."}};
}

}  // namespace stash::api
