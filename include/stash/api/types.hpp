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

struct VolumeMount {
  std::string name;
  std::string mount_path;
  std::string sub_path;
  std::string sub_path_expr;
  bool read_only = false;
  std::string recursive_read_only;
  std::string mount_propagation;

  bool operator==(const VolumeMount&) const = default;
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

struct BackupTarget {
  std::string alias;
  TargetRef ref;
  std::vector<std::string> paths;
  std::vector<VolumeMount> volume_mounts;
  std::optional<std::int32_t> replicas;
  std::string snapshot_class_name;
  std::vector<std::string> exclude;
  std::vector<std::string> args;
  static constexpr auto fields();
};

/// Which snapshots a restoring host takes.
struct RestoreRule {
  std::vector<std::string> target_hosts;
  std::string source_host;
  std::vector<std::string> snapshots;
  std::vector<std::string> paths;
  std::vector<std::string> include;
  std::vector<std::string> exclude;
  static constexpr auto fields();
};

struct PartialObjectMeta {
  std::string name;
  std::string generate_name;
  std::string ns;
  std::map<std::string, std::string> labels;
  std::map<std::string, std::string> annotations;
  std::vector<Raw> owner_references;
  static constexpr auto fields();
};

struct PartialVolumeClaim {
  PartialObjectMeta metadata;
  Raw spec;
  Raw status;
  static constexpr auto fields();
};

struct RestoreTarget {
  std::string alias;
  TargetRef ref;
  std::vector<VolumeMount> volume_mounts;
  std::optional<std::int32_t> replicas;
  std::vector<PartialVolumeClaim> volume_claim_templates;
  std::vector<RestoreRule> rules;
  std::vector<std::string> args;
  static constexpr auto fields();
};

struct RuntimePod {
  std::map<std::string, std::string> pod_labels;
  std::map<std::string, std::string> pod_annotations;
  std::map<std::string, std::string> node_selector;
  std::string service_account_name;
  std::map<std::string, std::string> service_account_annotations;
  std::optional<bool> automount_service_account_token;
  std::string node_name;
  Raw security_context;
  std::vector<Raw> image_pull_secrets;
  Raw affinity;
  std::string scheduler_name;
  std::vector<Raw> tolerations;
  std::string priority_class_name;
  std::optional<std::int32_t> priority;
  std::vector<Raw> readiness_gates;
  std::string runtime_class_name;
  std::optional<bool> enable_service_links;
  std::vector<Raw> topology_spread_constraints;
  static constexpr auto fields();
};

struct Nice {
  std::optional<std::int32_t> adjustment;
  static constexpr auto fields();
};

struct IoNice {
  std::optional<std::int32_t> io_class;
  std::optional<std::int32_t> class_data;
  static constexpr auto fields();
};

struct RuntimeContainer {
  Raw resources;
  Raw liveness_probe;
  Raw readiness_probe;
  Raw lifecycle;
  Raw security_context;
  std::optional<Nice> nice;
  std::optional<IoNice> ionice;
  std::vector<Raw> env;
  std::vector<Raw> env_from;
  static constexpr auto fields();
};

struct RuntimeSettings {
  std::optional<RuntimePod> pod;
  std::optional<RuntimeContainer> container;
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

constexpr auto VolumeMount::fields() {
  return std::tuple{
      Field{"name", &VolumeMount::name, "Name of a volume of the pod.", {.required = true}},
      Field{"mountPath",
            &VolumeMount::mount_path,
            "Where the volume is seen inside the container.",
            {.required = true}},
      Field{"subPath", &VolumeMount::sub_path, "Folder of the volume to mount instead of its root."},
      Field{"subPathExpr", &VolumeMount::sub_path_expr, "The same with environment variables expanded."},
      Field{"readOnly", &VolumeMount::read_only, "Mount it read-only."},
      Field{"recursiveReadOnly", &VolumeMount::recursive_read_only,
            "Whether mounts below are read-only too."},
      Field{"mountPropagation", &VolumeMount::mount_propagation,
            "How mounts travel between host and container."}};
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

constexpr auto BackupTarget::fields() {
  using T = BackupTarget;
  return std::tuple{
      Field{
          "alias", &T::alias, "Name used for the host instead of host-0 or the node's.", {.max_length = 253}},
      Field{"ref", &T::ref, "What to back up."},
      Field{"paths",
            &T::paths,
            "Absolute paths inside the container; one snapshot each.",
            {.max_items = 256, .item_max_length = 4096}},
      Field{"volumeMounts", &T::volume_mounts, "Volumes of the pod that hold these paths."},
      Field{"replicas", &T::replicas, "How many replicas' claims to snapshot (VolumeSnapshotter)."},
      Field{"snapshotClassName", &T::snapshot_class_name, "VolumeSnapshotClass (VolumeSnapshotter)."},
      Field{"exclude", &T::exclude, "Patterns of files to leave out."},
      Field{"args", &T::args, "Further flags for the backup, e.g. --ignore-inode."}};
}

constexpr auto RestoreRule::fields() {
  using R = RestoreRule;
  return std::tuple{
      Field{"targetHosts",
            &R::target_hosts,
            "Hosts this rule is for; empty: all that no other rule names.",
            {.max_items = 64, .item_max_length = 253}},
      Field{"sourceHost",
            &R::source_host,
            "Host whose snapshots are taken; empty: the same.",
            {.max_length = 253}},
      Field{"snapshots", &R::snapshots, "Snapshot ids, or latest.", {.max_items = 64, .item_max_length = 64}},
      Field{"paths",
            &R::paths,
            "Paths whose newest snapshot is restored.",
            {.max_items = 64, .item_max_length = 4096}},
      Field{"include", &R::include, "Patterns of files to restore; empty: all."},
      Field{"exclude", &R::exclude, "Patterns of files not to restore."}};
}

constexpr auto PartialObjectMeta::fields() {
  using M = PartialObjectMeta;
  return std::tuple{Field{"name", &M::name, "Name of the object."},
                    Field{"generateName", &M::generate_name, "Beginning of a generated name."},
                    Field{"namespace", &M::ns, "Namespace of the object."},
                    Field{"labels", &M::labels, "Labels of the object."},
                    Field{"annotations", &M::annotations, "Annotations of the object."},
                    Field{"ownerReferences", &M::owner_references, "Owners of the object."}};
}

constexpr auto PartialVolumeClaim::fields() {
  using C = PartialVolumeClaim;
  return std::tuple{Field{"metadata", &C::metadata, "Metadata of the claim."},
                    Field{"spec", &C::spec, "A PersistentVolumeClaimSpec."},
                    Field{"status", &C::status, "A PersistentVolumeClaimStatus; ignored."}};
}

constexpr auto RestoreTarget::fields() {
  using T = RestoreTarget;
  return std::tuple{
      Field{"alias", &T::alias, "Name used for the host; must equal the backup's.", {.max_length = 253}},
      Field{"ref", &T::ref, "What to restore into."},
      Field{"volumeMounts", &T::volume_mounts, "Volumes of the pod that the data goes to."},
      Field{"replicas", &T::replicas, "How many ordinals the claim templates are made for."},
      Field{"volumeClaimTemplates", &T::volume_claim_templates, "Claims to create and restore into."},
      Field{"rules", &T::rules, "Which snapshots each host takes.", {.max_items = 32}},
      Field{"args", &T::args, "Further flags for the restore."}};
}

constexpr auto RuntimePod::fields() {
  using P = RuntimePod;
  return std::tuple{
      Field{"podLabels", &P::pod_labels, "Labels for pods of jobs."},
      Field{"podAnnotations", &P::pod_annotations, "Annotations for pods of jobs."},
      Field{"nodeSelector", &P::node_selector, "Labels the node must have."},
      Field{"serviceAccountName", &P::service_account_name,
            "ServiceAccount to use instead of a generated one."},
      Field{"serviceAccountAnnotations", &P::service_account_annotations,
            "Annotations for the generated ServiceAccount."},
      Field{"automountServiceAccountToken", &P::automount_service_account_token,
            "Whether the token is mounted."},
      Field{"nodeName", &P::node_name, "Node to run on."},
      Field{"securityContext", &P::security_context, "A PodSecurityContext."},
      Field{"imagePullSecrets", &P::image_pull_secrets, "Secrets for pulling images."},
      Field{"affinity", &P::affinity, "Scheduling constraints."},
      Field{"schedulerName", &P::scheduler_name, "Scheduler to use."},
      Field{"tolerations", &P::tolerations, "Taints to tolerate."},
      Field{"priorityClassName", &P::priority_class_name, "PriorityClass of the pods."},
      Field{"priority", &P::priority, "Priority of the pods."},
      Field{"readinessGates", &P::readiness_gates, "Further conditions for readiness."},
      Field{"runtimeClassName", &P::runtime_class_name, "RuntimeClass to use."},
      Field{"enableServiceLinks", &P::enable_service_links,
            "Whether services are told by environment variables."},
      Field{"topologySpreadConstraints", &P::topology_spread_constraints, "How pods are spread."}};
}

constexpr auto Nice::fields() {
  return std::tuple{
      Field{"adjustment", &Nice::adjustment, "From -20 (first) to 19 (last).", {.min = -20, .max = 19}}};
}

constexpr auto IoNice::fields() {
  return std::tuple{
      Field{"class", &IoNice::io_class, "0 none, 1 real time, 2 best effort, 3 idle.", {.min = 0, .max = 3}},
      Field{"classData", &IoNice::class_data, "From 0 (first) to 7 (last).", {.min = 0, .max = 7}}};
}

constexpr auto RuntimeContainer::fields() {
  using C = RuntimeContainer;
  return std::tuple{Field{"resources", &C::resources, "Requests and limits."},
                    Field{"livenessProbe", &C::liveness_probe, "A Probe."},
                    Field{"readinessProbe", &C::readiness_probe, "A Probe."},
                    Field{"lifecycle", &C::lifecycle, "Actions on start and stop."},
                    Field{"securityContext", &C::security_context, "A SecurityContext."},
                    Field{"nice", &C::nice, "CPU priority of the work."},
                    Field{"ionice", &C::ionice, "Disk priority of the work."},
                    Field{"env", &C::env, "Environment variables."},
                    Field{"envFrom", &C::env_from, "Sources of environment variables."}};
}

constexpr auto RuntimeSettings::fields() {
  return std::tuple{
      Field{"pod", &RuntimeSettings::pod, "For pods of jobs and of the trigger."},
      Field{"container", &RuntimeSettings::container, "For sidecars, init containers and jobs."}};
}

}  // namespace stash::api

template <>
inline constexpr auto stash::json::names<stash::api::ConditionStatus> =
    std::to_array<std::pair<stash::api::ConditionStatus, std::string_view>>({
        {stash::api::ConditionStatus::True, "True"},
        {stash::api::ConditionStatus::False, "False"},
        {stash::api::ConditionStatus::Unknown, "Unknown"},
    });
