#pragma once

#include <string>

#include "stash/api/backup_session.hpp"
#include "stash/api/metrics.hpp"
#include "stash/engine/backup.hpp"

namespace stash::executor {

/// What a backup of `path` is told as in the status of its session. Pure.
api::SnapshotStats stats_of(const engine::BackupResult& result, const std::string& path);

/// Adds what it came to, for the metrics of its host.
void add_figures(api::HostBackupFigures& to, const engine::BackupResult& result);

}  // namespace stash::executor
