#pragma once

// The field tables of the types that several kinds share (types.hpp).

#include "stash/api/types.hpp"

namespace stash::api {

using json::Field;

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
