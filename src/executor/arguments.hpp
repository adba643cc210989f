#pragma once

#include <string>
#include <vector>

#include "stash/engine/backup.hpp"
#include "stash/engine/restore.hpp"

namespace stash::executor {

/// What is left of a target's `args` that this engine has no use for: told as a warning, never an error.
using Unused = std::vector<std::string>;

/// restic's backup flags (`--tag=a,b`, `--exclude x`, `--ignore-inode` ...) put into `options`.
Unused apply_backup_arguments(const std::vector<std::string>& args, engine::BackupOptions& options);

/// restic's restore flags put into `options`; `--tag` restricts what "latest" may be and goes to `tags`.
Unused apply_restore_arguments(const std::vector<std::string>& args, engine::RestoreOptions& options,
                               engine::TagFilter& tags);

}  // namespace stash::executor
