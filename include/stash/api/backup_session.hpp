#pragma once

#include "stash/api/types.hpp"
#include "stash/kube/client.hpp"

namespace stash::api {

inline constexpr kube::Resource kBackupSession{"stash.appscode.com", "v1beta1", "backupsessions",
                                               "BackupSession"};

enum class InvokerKind { BackupConfiguration, BackupBatch };

struct Invoker {
  std::string api_group;
  InvokerKind kind = InvokerKind::BackupConfiguration;
  std::string name;
  bool operator==(const Invoker&) const = default;
  static constexpr auto fields();
};

struct BackupSessionSpec {
  Invoker invoker;
  std::int32_t retry_left = 0;
  bool operator==(const BackupSessionSpec&) const = default;
  static constexpr auto fields();
};

enum class SessionPhase { Unset, Pending, Skipped, Running, Succeeded, Failed, Unknown };
enum class TargetPhase { Unset, Pending, Running, Succeeded, Failed };
enum class HostPhase { Unset, Succeeded, Failed };

struct FileStats {
  std::optional<std::int64_t> total_files;
  std::optional<std::int64_t> new_files;
  std::optional<std::int64_t> modified_files;
  std::optional<std::int64_t> unmodified_files;
  static constexpr auto fields();
};

struct SnapshotStats {
  std::string name;
  std::string path;
  std::string total_size;
  std::string uploaded;
  std::string processing_time;
  FileStats file_stats;
  static constexpr auto fields();
};

struct HostBackupStats {
  std::string hostname;
  HostPhase phase = HostPhase::Unset;
  std::vector<SnapshotStats> snapshots;
  std::string duration;
  std::string error;
  static constexpr auto fields();
};

struct BackupTargetStatus {
  TargetRef ref;
  std::optional<std::int32_t> total_hosts;
  TargetPhase phase = TargetPhase::Unset;
  std::vector<HostBackupStats> stats;
  std::vector<std::string> pre_backup_actions;
  std::vector<std::string> post_backup_actions;
  std::vector<Condition> conditions;

  const HostBackupStats* host(std::string_view name) const;
  static constexpr auto fields();
};

struct BackupSessionStatus {
  SessionPhase phase = SessionPhase::Unset;
  std::string session_duration;
  std::vector<BackupTargetStatus> targets;
  std::vector<Condition> conditions;
  std::optional<TimePoint> session_deadline;
  std::optional<bool> retried;
  std::optional<TimePoint> next_retry;
  static constexpr auto fields();
};

struct BackupSession {
  ObjectMeta metadata;
  BackupSessionSpec spec;
  BackupSessionStatus status;

  BackupSession() {}
  /// Throws Error(Invalid) that tells all faults of the object.
  static BackupSession parse(const json::Value& object);
  /// Succeeded, Failed, Skipped or Unknown: nobody works on it any more.
  bool finished() const;
};

/// The whole object as JSON, with what an author writes of its metadata; an empty status is left out.
std::string to_json(const BackupSession& object);

/// {"status": {...}} as a merge patch sends it. Empty members are left out, so a patch made of it never
/// clears one.
std::string status_patch(const BackupSessionStatus& status);

}  // namespace stash::api

template <>
inline constexpr auto stash::json::names<stash::api::InvokerKind> =
    std::to_array<std::pair<stash::api::InvokerKind, std::string_view>>({
        {stash::api::InvokerKind::BackupConfiguration, "BackupConfiguration"},
        {stash::api::InvokerKind::BackupBatch, "BackupBatch"},
    });
template <>
inline constexpr auto stash::json::names<stash::api::SessionPhase> =
    std::to_array<std::pair<stash::api::SessionPhase, std::string_view>>({
        {stash::api::SessionPhase::Unset, ""},
        {stash::api::SessionPhase::Pending, "Pending"},
        {stash::api::SessionPhase::Skipped, "Skipped"},
        {stash::api::SessionPhase::Running, "Running"},
        {stash::api::SessionPhase::Succeeded, "Succeeded"},
        {stash::api::SessionPhase::Failed, "Failed"},
        {stash::api::SessionPhase::Unknown, "Unknown"},
    });
template <>
inline constexpr auto stash::json::names<stash::api::TargetPhase> =
    std::to_array<std::pair<stash::api::TargetPhase, std::string_view>>({
        {stash::api::TargetPhase::Unset, ""},
        {stash::api::TargetPhase::Pending, "Pending"},
        {stash::api::TargetPhase::Running, "Running"},
        {stash::api::TargetPhase::Succeeded, "Succeeded"},
        {stash::api::TargetPhase::Failed, "Failed"},
    });
template <>
inline constexpr auto stash::json::names<stash::api::HostPhase> =
    std::to_array<std::pair<stash::api::HostPhase, std::string_view>>({
        {stash::api::HostPhase::Unset, ""},
        {stash::api::HostPhase::Succeeded, "Succeeded"},
        {stash::api::HostPhase::Failed, "Failed"},
    });
