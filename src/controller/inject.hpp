#pragma once

// What a workload's pod template must hold, and the smallest JSON Patch that brings it there.
//
// Only our own elements are touched: containers `stash` and `stash-init`, the volumes named stash-*, our
// annotations. The patch carries the resourceVersion that was read, so it applies to exactly what was looked
// at or not at all. A template whose hash annotation is as wanted and that still has the container is left
// alone, whatever image it names: an upgrade of the operator rolls no pods.

#include <optional>
#include <string>
#include <vector>

#include "stash/api/backup_configuration.hpp"
#include "stash/api/repository.hpp"
#include "stash/api/restore_session.hpp"

namespace stash::controller {

/// How executors are started.
struct ExecutorSettings {
  std::string image;
  std::string image_pull_policy;
  std::string pushgateway_url;
};

/// One container that the template must have.
struct Injection {
  std::string container;             ///< JSON of the container
  std::vector<std::string> volumes;  ///< JSON of the volumes it needs, ours only
  std::string hash;
  std::string invoker;  ///< JSON for the workload's annotation
  std::string kind;
};

Injection sidecar_injection(const api::BackupConfiguration& configuration, const api::Repository& repository,
                            const ExecutorSettings& settings);
Injection init_injection(const api::RestoreSession& session, const api::Repository& repository,
                         const ExecutorSettings& settings);

/// The patch that gives the workload exactly these injections (null: none of that sort), or nothing when it
/// has them.
std::optional<std::string> injection_patch(const json::Value& workload, const Injection* sidecar,
                                           const Injection* init);

/// Name of the invoker that the workload's annotation tells, "" when there is none or its container is
/// missing.
std::string applied_backup_invoker(const json::Value& workload);
std::string applied_restore_invoker(const json::Value& workload);
/// True when the template has the container and its hash is `hash`.
bool has_sidecar(const json::Value& workload, std::string_view hash);
bool has_init_container(const json::Value& workload, std::string_view hash);

}  // namespace stash::controller
