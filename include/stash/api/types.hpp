#pragma once

// The types that several kinds share (group stash.appscode.com). Field names are the API's own. The table of
// every struct (stash/json/fields.hpp) is in fields/, for those who read, write or describe it.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "stash/json/fields.hpp"

namespace stash::api {

using json::IntOrString;
using json::Raw;

/// The part of metadata that this program reads.
struct ObjectMeta {
  std::string name;
  std::string ns;
  std::string uid;
  std::string resource_version;
  std::int64_t generation = 0;
  std::optional<TimePoint> created;
  bool deleting = false;
  std::map<std::string, std::string> labels;
  std::map<std::string, std::string> annotations;
  std::vector<std::string> finalizers;
  std::vector<std::string> owners;  ///< entries of ownerReferences, each as JSON

  ObjectMeta() {}
  static ObjectMeta of(const json::Value& object);
  bool has_finalizer(std::string_view finalizer) const;
};

enum class ConditionStatus { Unknown, True, False };

struct Condition {
  std::string type;
  ConditionStatus status = ConditionStatus::Unknown;
  std::int64_t observed_generation = 0;
  std::string severity;
  TimePoint last_transition_time{};
  std::string reason;
  std::string message;

  bool operator==(const Condition&) const = default;
  static constexpr auto fields();
};

struct TargetRef {
  std::string api_version;
  std::string kind;
  std::string name;
  std::string ns;

  bool operator==(const TargetRef&) const = default;
  static constexpr auto fields();
};

struct Param {
  std::string name;
  std::string value;
  static constexpr auto fields();
};

struct TaskRef {
  std::string name;
  std::vector<Param> params;
  static constexpr auto fields();
};

struct EmptyDirSettings {
  std::string medium;
  IntOrString size_limit;
  bool disable_caching = false;
  static constexpr auto fields();
};

struct RetentionPolicy {
  std::string name;
  std::int64_t keep_last = 0;
  std::int64_t keep_hourly = 0;
  std::int64_t keep_daily = 0;
  std::int64_t keep_weekly = 0;
  std::int64_t keep_monthly = 0;
  std::int64_t keep_yearly = 0;
  std::vector<std::string> keep_tags;
  bool prune = false;
  bool dry_run = false;
  static constexpr auto fields();
};

struct RetryConfig {
  std::optional<std::int32_t> max_retry;
  std::optional<json::GoDuration> delay;
  static constexpr auto fields();
};

struct RepositoryRef {
  std::string name;
  std::string ns;
  static constexpr auto fields();
};

}  // namespace stash::api

template <>
inline constexpr auto stash::json::names<stash::api::ConditionStatus> =
    std::to_array<std::pair<stash::api::ConditionStatus, std::string_view>>({
        {stash::api::ConditionStatus::True, "True"},
        {stash::api::ConditionStatus::False, "False"},
        {stash::api::ConditionStatus::Unknown, "Unknown"},
    });
