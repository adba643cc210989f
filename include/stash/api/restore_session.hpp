#pragma once

#include "stash/api/backup_configuration.hpp"
#include "stash/api/hooks.hpp"
#include "stash/api/runtime.hpp"
#include "stash/api/target.hpp"
#include "stash/json/faults.hpp"
#include "stash/kube/client.hpp"

namespace stash::api {

inline constexpr kube::Resource kRestoreSession{"stash.appscode.com", "v1beta1", "restoresessions",
                                                "RestoreSession"};

struct RestoreSessionSpec {
  TaskRef task;
  std::optional<RestoreTarget> target;
  RuntimeSettings runtime_settings;
  EmptyDirSettings temp_dir;
  std::optional<PartialVolumeClaim> interim_volume_template;
  std::optional<RestoreHooks> hooks;
  Driver driver = Driver::Unset;
  std::optional<RepositoryRef> repository;
  std::vector<RestoreRule> rules;  ///< deprecated place of target.rules
  std::optional<json::GoDuration> time_out;
  static constexpr auto fields();
};

enum class RestorePhase { Unset, Pending, Running, Succeeded, Failed, Unknown, Invalid };
enum class RestoreHostPhase { Unset, Succeeded, Failed, Running, Unknown };

struct HostRestoreStats {
  std::string hostname;
  RestoreHostPhase phase = RestoreHostPhase::Unset;
  std::string duration;
  std::string error;
  static constexpr auto fields();
};

struct RestoreSessionStatus {
  RestorePhase phase = RestorePhase::Unset;
  std::optional<std::int32_t> total_hosts;
  std::string session_duration;
  std::optional<TimePoint> session_deadline;
  std::vector<HostRestoreStats> stats;
  std::vector<Condition> conditions;

  const HostRestoreStats* host(std::string_view name) const;
  static constexpr auto fields();
};

struct RestoreSession {
  ObjectMeta metadata;
  RestoreSessionSpec spec;
  RestoreSessionStatus status;

  RestoreSession() {}
  /// Throws Error(Invalid) that tells all faults of the object.
  static RestoreSession parse(const json::Value& object);
  /// What can be read of it; what cannot is told in `faults`.
  static RestoreSession read(const json::Value& object, json::Faults& faults);

  Driver driver() const { return spec.driver == Driver::Unset ? Driver::Restic : spec.driver; }
  kube::Ref repository() const;
  /// target.rules, or the deprecated spec.rules when the target has none.
  const std::vector<RestoreRule>& rules() const;
  /// Succeeded, Failed or Unknown.
  bool finished() const;
};

/// The whole object as JSON, with what an author writes of its metadata; an empty status is left out.
std::string to_json(const RestoreSession& object);
/// {"metadata": {name, namespace}, "spec": {...}}: what the workload's annotation keeps of the applied
/// invoker.
std::string applied_invoker(const RestoreSession& object);

/// {"status": {...}} as a merge patch sends it. Empty members are left out, so a patch made of it never
/// clears one.
std::string status_patch(const RestoreSessionStatus& status);

}  // namespace stash::api

template <>
inline constexpr auto stash::json::names<stash::api::RestorePhase> =
    std::to_array<std::pair<stash::api::RestorePhase, std::string_view>>({
        {stash::api::RestorePhase::Unset, ""},
        {stash::api::RestorePhase::Pending, "Pending"},
        {stash::api::RestorePhase::Running, "Running"},
        {stash::api::RestorePhase::Succeeded, "Succeeded"},
        {stash::api::RestorePhase::Failed, "Failed"},
        {stash::api::RestorePhase::Unknown, "Unknown"},
        {stash::api::RestorePhase::Invalid, "Invalid"},
    });
template <>
inline constexpr auto stash::json::names<stash::api::RestoreHostPhase> =
    std::to_array<std::pair<stash::api::RestoreHostPhase, std::string_view>>({
        {stash::api::RestoreHostPhase::Unset, ""},
        {stash::api::RestoreHostPhase::Succeeded, "Succeeded"},
        {stash::api::RestoreHostPhase::Failed, "Failed"},
        {stash::api::RestoreHostPhase::Running, "Running"},
        {stash::api::RestoreHostPhase::Unknown, "Unknown"},
    });
