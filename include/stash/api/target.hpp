#pragma once

// What is backed up, and what is restored into.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "stash/api/types.hpp"

namespace stash::api {

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

}  // namespace stash::api
