#pragma once

#include <sys/stat.h>

#include <string>

#include "engine/format/entry.hpp"
#include "engine/restore/target_dir.hpp"

namespace stash::engine {

/// S_IFREG, S_IFDIR ...
mode_t file_type(EntryType type);

/// True when what is there has the size and the time of the regular file that the entry tells of: as its name
/// came last in the restore that wrote it, its content is right unless somebody meant to deceive.
bool seems_right(const Entry& entry, const struct stat& info);

/// True when a restore may write into the file that is there. False where somebody could then read what the
/// entry's owner and mode keep from him: through another name, or as the owner of that file.
bool may_patch(const Entry& entry, const struct stat& info);

/// True when `name` is the symlink, device, fifo or socket that the entry tells of.
bool is_special(const TargetDir& dir, const std::string& name, const struct stat& info, const Entry& entry);

}  // namespace stash::engine
