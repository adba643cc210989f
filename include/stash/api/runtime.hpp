#pragma once

// How the pods and containers that do the work are set up.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "stash/api/types.hpp"

namespace stash::api {

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

}  // namespace stash::api
