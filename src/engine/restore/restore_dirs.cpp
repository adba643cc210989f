// The directories of a restore: made and entered on the way down, given their metadata when they are left.

#include <algorithm>

#include "engine/restore/restorer.hpp"

namespace stash::engine {

void Restorer::close() {
  for (const LevelPtr& level : left_) {
    if (!level->failure.empty() || !(level->chosen || level->made)) continue;
    try {
      const std::shared_ptr<TargetDir> dir = reach(level);
      metadata_.set(dir->fd(), level->entry, level->xattrs);
      metadata_.set_flags(dir->fd(), level->entry);
      if (level->entry.unreadable)
        warn(level->entry.path, "not all of it could be read when it was backed up");
      count(level->entry, &FileCounts::dirs);
    } catch (const Error& e) {
      rethrow_if_final(e);
    }
  }
}

/// Keeps the handles of the directories that the next entries are in; others are opened again when needed.
void Restorer::forget_handles() {
  const std::size_t kept = std::min(levels_.size(), kOpenLevels);
  const std::span<const LevelPtr> near(levels_.data() + (levels_.size() - kept), kept);
  std::erase_if(open_, [&](const LevelPtr& level) {
    if (std::ranges::find(near, level) != near.end()) return false;
    level->dir.reset();
    return true;
  });
}

std::shared_ptr<TargetDir> Restorer::dir_of(const LevelPtr& level, const std::string& path) {
  if (level) return reach(level);
  const std::shared_ptr<TargetDir> dir = target_->walk_to(parent_of(path));
  note_file_system(dir);
  return dir;
}

std::shared_ptr<TargetDir> Restorer::reach(const LevelPtr& level) {
  if (level->dir) return level->dir;
  if (!level->failure.empty())
    throw Error(ErrorKind::Conflict, "its directory {}: {}", level->entry.path, level->failure);
  try {
    const std::string& path = level->entry.path;
    const std::shared_ptr<TargetDir> parent = dir_of(level->parent, path);
    TargetDir::Entered entered;
    if (path == "/")
      entered.dir = parent;
    else
      entered = parent->enter(name_of(path), !level->parent);
    level->dir = entered.dir;
    level->made = level->made || entered.made;
    open_.push_back(level);
    note_file_system(level->dir);
    return level->dir;
  } catch (const Error& e) {
    rethrow_if_final(e);
    level->failure = e.what();
    error(level->entry.path, e.what());
    throw;
  }
}

}  // namespace stash::engine
