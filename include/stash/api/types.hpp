#pragma once

// The types that several kinds share (group stash.appscode.com). Field names are the API's own; every struct
// is a table for stash/json/fields.hpp.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "stash/json/fields.hpp"

namespace stash::api {

using json::Field;
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

constexpr auto Condition::fields() {
  return std::tuple{Field{"type", &Condition::type, "What the condition tells about.", {.required = true}},
                    Field{"status", &Condition::status, "True, False or Unknown.", {.required = true}},
                    Field{"observedGeneration", &Condition::observed_generation,
                          "Generation of the object the condition was set for."},
                    Field{"severity", &Condition::severity, "How serious it is: empty means an error."},
                    Field{"lastTransitionTime",
                          &Condition::last_transition_time,
                          "When the condition last changed.",
                          {.required = true}},
                    Field{"reason", &Condition::reason, "One word for programs: why."},
                    Field{"message", &Condition::message, "A sentence for people."}};
}

constexpr auto TargetRef::fields() {
  return std::tuple{
      Field{"apiVersion",
            &TargetRef::api_version,
            "API version of the target, e.g. apps/v1.",
            {.max_length = 253}},
      Field{"kind", &TargetRef::kind, "Kind of the target, e.g. Deployment.", {.max_length = 63}},
      Field{"name", &TargetRef::name, "Name of the target.", {.max_length = 253}},
      Field{"namespace",
            &TargetRef::ns,
            "Namespace of the target; empty: this object's own.",
            {.max_length = 63}}};
}

constexpr auto Param::fields() {
  return std::tuple{Field{"name", &Param::name, "Name of the parameter.", {.required = true}},
                    Field{"value", &Param::value, "Its value.", {.required = true}}};
}

constexpr auto TaskRef::fields() {
  return std::tuple{Field{"name", &TaskRef::name, "Name of a Task."},
                    Field{"params", &TaskRef::params, "Values for the Task's variables."}};
}

constexpr auto EmptyDirSettings::fields() {
  return std::tuple{
      Field{"medium", &EmptyDirSettings::medium, "Memory, or empty for the node's disk."},
      Field{"sizeLimit", &EmptyDirSettings::size_limit, "Largest size of the scratch directory."},
      Field{"disableCaching", &EmptyDirSettings::disable_caching, "Keep no local cache of the repository."}};
}

constexpr auto RetentionPolicy::fields() {
  using P = RetentionPolicy;
  return std::tuple{
      Field{"name", &P::name, "Name of the policy.", {.required = true}},
      Field{"keepLast", &P::keep_last, "Newest snapshots to keep."},
      Field{"keepHourly", &P::keep_hourly, "Hours of which the newest snapshot is kept."},
      Field{"keepDaily", &P::keep_daily, "Days of which the newest snapshot is kept."},
      Field{"keepWeekly", &P::keep_weekly, "ISO weeks of which the newest snapshot is kept."},
      Field{"keepMonthly", &P::keep_monthly, "Months of which the newest snapshot is kept."},
      Field{"keepYearly", &P::keep_yearly, "Years of which the newest snapshot is kept."},
      Field{"keepTags", &P::keep_tags, "Snapshots with one of these tags are kept."},
      Field{"prune", &P::prune, "Also free the space that nothing uses any more.", {.required = true}},
      Field{"dryRun", &P::dry_run, "Only compute what would be removed."}};
}

constexpr auto RetryConfig::fields() {
  return std::tuple{Field{"maxRetry", &RetryConfig::max_retry, "How often a failed session is tried again."},
                    Field{"delay", &RetryConfig::delay, "How long to wait before, e.g. 5m."}};
}

constexpr auto RepositoryRef::fields() {
  return std::tuple{Field{"name", &RepositoryRef::name, "Name of the Repository.", {.required = true}},
                    Field{"namespace", &RepositoryRef::ns, "Its namespace; empty: this object's own."}};
}

}  // namespace stash::api

template <>
inline constexpr auto stash::json::names<stash::api::ConditionStatus> =
    std::to_array<std::pair<stash::api::ConditionStatus, std::string_view>>({
        {stash::api::ConditionStatus::True, "True"},
        {stash::api::ConditionStatus::False, "False"},
        {stash::api::ConditionStatus::Unknown, "Unknown"},
    });
