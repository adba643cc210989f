#pragma once

#include "stash/api/hooks.hpp"
#include "stash/api/runtime.hpp"
#include "stash/api/target.hpp"
#include "stash/json/faults.hpp"
#include "stash/kube/client.hpp"

namespace stash::api {

inline constexpr kube::Resource kBackupConfiguration{"stash.appscode.com", "v1beta1", "backupconfigurations",
                                                     "BackupConfiguration"};

/// How data is taken: by this program's engine (the name is kept from the original), or by CSI snapshots.
enum class Driver { Unset, Restic, VolumeSnapshotter };

struct BackupConfigurationSpec {
  TaskRef task;
  std::optional<BackupTarget> target;
  RuntimeSettings runtime_settings;
  EmptyDirSettings temp_dir;
  std::optional<PartialVolumeClaim> interim_volume_template;
  std::optional<BackupHooks> hooks;
  std::string schedule;
  Driver driver = Driver::Unset;
  std::optional<RepositoryRef> repository;
  RetentionPolicy retention_policy;
  bool paused = false;
  std::optional<std::int32_t> backup_history_limit;
  std::optional<json::GoDuration> time_out;
  std::optional<RetryConfig> retry_config;
  static constexpr auto fields();
};

enum class InvokerPhase { Unset, Invalid, Ready, NotReady };

struct BackupConfigurationStatus {
  std::int64_t observed_generation = 0;
  std::vector<Condition> conditions;
  InvokerPhase phase = InvokerPhase::Unset;
  static constexpr auto fields();
};

struct BackupConfiguration {
  ObjectMeta metadata;
  BackupConfigurationSpec spec;
  BackupConfigurationStatus status;

  BackupConfiguration() {}
  /// Throws Error(Invalid) that tells all faults of the object.
  static BackupConfiguration parse(const json::Value& object);
  /// What can be read of it; what cannot is told in `faults`.
  static BackupConfiguration read(const json::Value& object, json::Faults& faults);

  Driver driver() const { return spec.driver == Driver::Unset ? Driver::Restic : spec.driver; }
  /// ns/name of the Repository; the name is empty when none is given.
  kube::Ref repository() const;
  /// Sessions to keep; 1 when not given.
  std::int64_t history_limit() const { return spec.backup_history_limit.value_or(1); }
};

/// The whole object as JSON, with what an author writes of its metadata; an empty status is left out.
std::string to_json(const BackupConfiguration& object);
/// {"metadata": {name, namespace}, "spec": {...}}: what the workload's annotation keeps of the applied
/// invoker.
std::string applied_invoker(const BackupConfiguration& object);

/// {"status": {...}} as a merge patch sends it. Empty members are left out, so a patch made of it never
/// clears one.
std::string status_patch(const BackupConfigurationStatus& status);

}  // namespace stash::api

template <>
inline constexpr auto stash::json::names<stash::api::Driver> =
    std::to_array<std::pair<stash::api::Driver, std::string_view>>({
        {stash::api::Driver::Unset, ""},
        {stash::api::Driver::Restic, "Restic"},
        {stash::api::Driver::VolumeSnapshotter, "VolumeSnapshotter"},
    });
template <>
inline constexpr auto stash::json::names<stash::api::InvokerPhase> =
    std::to_array<std::pair<stash::api::InvokerPhase, std::string_view>>({
        {stash::api::InvokerPhase::Unset, ""},
        {stash::api::InvokerPhase::Invalid, "Invalid"},
        {stash::api::InvokerPhase::Ready, "Ready"},
        {stash::api::InvokerPhase::NotReady, "NotReady"},
    });
