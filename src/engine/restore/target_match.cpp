#include "engine/restore/target_match.hpp"

#include <sys/sysmacros.h>

#include "stash/base/error.hpp"
#include "stash/base/time.hpp"

namespace stash::engine {

mode_t file_type(EntryType type) {
  switch (type) {
    case EntryType::File:
      return S_IFREG;
    case EntryType::Dir:
      return S_IFDIR;
    case EntryType::Symlink:
      return S_IFLNK;
    case EntryType::CharDevice:
      return S_IFCHR;
    case EntryType::BlockDevice:
      return S_IFBLK;
    case EntryType::Fifo:
      return S_IFIFO;
    case EntryType::Socket:
      return S_IFSOCK;
  }
  throw Error(ErrorKind::Internal, "an entry of no type");
}

bool seems_right(const Entry& entry, const struct stat& info) {
  const TimePoint mtime = from_timespec(info.st_mtim);
  return S_ISREG(info.st_mode) && static_cast<std::uint64_t>(info.st_size) == entry.size &&
         mtime == entry.mtime;
}

bool may_patch(const Entry& entry, const struct stat& info) {
  const bool ours = info.st_uid == entry.uid || info.st_uid == geteuid();
  return S_ISREG(info.st_mode) && info.st_nlink == 1 && ours && entry.size > Entry::kMaxInline;
}

bool is_special(const TargetDir& dir, const std::string& name, const struct stat& info, const Entry& entry) {
  if ((info.st_mode & S_IFMT) != file_type(entry.type)) return false;
  if (entry.type == EntryType::Symlink) return dir.link_target(name) == entry.link_target;
  const bool device = entry.type == EntryType::CharDevice || entry.type == EntryType::BlockDevice;
  return !device || info.st_rdev == makedev(entry.device_major, entry.device_minor);
}

}  // namespace stash::engine
