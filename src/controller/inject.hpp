#pragma once

// What a workload's pod template must hold, and the smallest JSON Patch that brings it there.
//
// Only our own elements are touched: containers `stash` and `stash-init`, the volumes named stash-*, our
// annotations. A container is ours by the annotations that came with it: one that only has the name is the
// application's, and stays. The patch carries the resourceVersion that was read, so it applies to exactly
// what was looked at or not at all. A template whose hash annotation is as wanted and that still has the
// container is left alone, whatever image it names: an upgrade of the operator rolls no pods.

#include <optional>
#include <string>
#include <vector>

#include "stash/api/backup_configuration.hpp"
#include "stash/api/repository.hpp"
#include "stash/api/restore_session.hpp"

namespace stash::controller {

/// Volume of a `local` backend that is restored from: another one than the sidecar's may be.
inline constexpr std::string_view kRestoreLocalVolume = "stash-restore-local";

/// How executors are started.
struct ExecutorSettings {
  std::string image;
  std::string image_pull_policy;
  std::string pushgateway_url;
};

/// A volume of the pod that is ours.
struct OwnVolume {
  std::string name;
  std::string json;
};

/// One container that the template must have.
struct Injection {
  std::string container;  ///< JSON of the container
  std::vector<OwnVolume> volumes;
  std::string hash;
  std::string invoker;  ///< JSON for the workload's annotation
  std::string kind;
};

/// What is wanted of one of our two containers: this injection; without one nothing of it, or, `untouched`,
/// whatever is there now.
struct Wish {
  std::optional<Injection> injection;
  bool untouched = false;
};

/// Only the SecurityContext depends on the workload. The hash does not cover it: an upgrade rolls no pods.
Injection sidecar_injection(const api::BackupConfiguration& configuration, const api::Repository& repository,
                            const json::Value& workload, const ExecutorSettings& settings);
Injection init_injection(const api::RestoreSession& session, const api::Repository& repository,
                         const json::Value& workload, const ExecutorSettings& settings);

/// The patch that fulfils both wishes at once, or nothing when they are. A wish for the place of a foreign
/// container is passed over.
std::optional<std::string> injection_patch(const json::Value& workload, const Wish& sidecar,
                                           const Wish& init);

/// The invoker that the workload's annotation tells, without a name when there is none.
kube::Ref applied_backup_invoker(const json::Value& workload);
kube::Ref applied_restore_invoker(const json::Value& workload);
/// True when the template has the container and its hash is `hash`.
bool has_sidecar(const json::Value& workload, std::string_view hash);
bool has_init_container(const json::Value& workload, std::string_view hash);
/// True when the template has a container of that name, and nothing tells that it is ours.
bool has_foreign_sidecar(const json::Value& workload);
bool has_foreign_init_container(const json::Value& workload);
/// True when an annotation of ours is in the workload or its template.
bool has_traces(const json::Value& workload);

}  // namespace stash::controller
