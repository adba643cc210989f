#pragma once

#include "engine/backup/file_tree.hpp"
#include "stash/engine/backup.hpp"

namespace stash::engine {

/// backup() from any file tree.
Task<BackupResult> backup_tree(Repository& repository, BackupOptions options, Progress& progress,
                               FileTree& tree);

}  // namespace stash::engine
