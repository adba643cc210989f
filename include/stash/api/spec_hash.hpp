#pragma once

#include <string>

#include "stash/api/backup_configuration.hpp"
#include "stash/api/repository.hpp"
#include "stash/api/restore_session.hpp"

/// The value of the pod template's hash annotation: it changes exactly when the injected container would, so
/// that a change of schedule, pause, retention, paths or hooks, or an upgrade of the operator, rolls no pods.
/// Stable across versions, machines and the order of members in the document.
namespace stash::api {

/// Covers the invoker's name, target.volumeMounts, tempDir, runtimeSettings.container and a local backend's
/// volume.
std::string injection_hash(const BackupConfiguration& configuration, const Backend& backend);

/// The same, and the session's uid: one that replaces another of the same name is restored again.
std::string injection_hash(const RestoreSession& session, const Backend& backend);

}  // namespace stash::api
