#pragma once

#include "executor/backup_host.hpp"
#include "stash/engine/forget.hpp"

namespace stash::executor {

/// The post-backup actions of a session whose hosts have all reported: retention of this workload's
/// snapshots; check, Repository.status and metrics of the whole repository. Each action that this target
/// carries gets its condition as soon as it is done, so that a restart goes on with the rest. A failing
/// action is told in its condition; only a status that cannot be written throws.
Task<void> finish_backup(Services& services, BackupOrder order);

/// A retention policy as the engine knows it. Pure.
engine::KeepPolicy keep_policy(const api::RetentionPolicy& policy);

}  // namespace stash::executor
