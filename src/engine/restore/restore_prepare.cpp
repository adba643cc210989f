// How an entry of the window begins: what is there already and right stays, what is no regular file is
// restored at once, the others get a file that takes their content.

#include <fcntl.h>
#include <sys/sysmacros.h>

#include "engine/restore/restorer.hpp"
#include "engine/restore/target_match.hpp"

namespace stash::engine {
namespace {

/// A file up to here is made in one go; a larger one goes past the page cache from kDirectFile on.
constexpr std::uint64_t kSmallFile = std::uint64_t{256} << 10;
constexpr std::uint64_t kDirectFile = std::uint64_t{1} << 20;

/// What is no extent of a sparse file reads as zeros whatever was there.
void punch_holes(int fd, const Entry& entry) {
  std::uint64_t at = 0;
  const auto punch = [&](std::uint64_t end) {
    if (end > at && fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, static_cast<off_t>(at),
                              static_cast<off_t>(end - at)) != 0)
      throw errno_error(errno, "punch a hole");
  };
  for (const Extent& extent : entry.extents) {
    punch(extent.offset);
    at = extent.offset + extent.length;
  }
  punch(entry.size);
}

}  // namespace

void Restorer::prepare() {
  for (const LevelPtr& level : entered_) {
    try {
      reach(level);
    } catch (const Error& e) {
      rethrow_if_final(e);  // else reach() has told it
    }
  }
  for (Item& item : window_) {
    try {
      prepare(item);
    } catch (const Error& e) {
      rethrow_if_final(e);
      fail(item, e.what());
    }
  }
}

void Restorer::prepare(Item& item) {
  if (item.entry.unreadable) throw Error(ErrorKind::Invalid, "it could not be read when it was backed up");
  const std::shared_ptr<TargetDir> dir = dir_of(item.level, item.entry.path);
  if (has_other_names(item.entry) && item.no_link.empty()) {
    const auto [target, is_first] = links_.take(item.entry);
    item.link = target;
    item.is_link = !is_first;
    if (item.is_link) return;
    *target = {item.level, item.entry.path};
  }
  if (item.entry.type == EntryType::File)
    prepare_file(item, *dir);
  else
    restore_special(item, *dir);
}

void Restorer::prepare_file(Item& item, TargetDir& dir) {
  item.map = std::make_unique<ContentMap>(item.entry);
  // In a directory that was made just now there is nothing to look for.
  const auto info = item.level && item.level->made ? std::nullopt : dir.look(item.name());
  if (info && seems_right(item.entry, *info)) {
    try {
      item.existing = dir.open_existing(item.name());
      item.state = State::Right;
      return;
    } catch (const Error& e) {
      rethrow_if_final(e);  // else it is written anew
    }
  }
  start_content(item, dir);
}

/// One that needs no more than content and metadata, in this order.
bool Restorer::is_small(const Item& item) const {
  const Entry& entry = item.entry;
  return entry.size <= kSmallFile && !entry.sparse && entry.links == 1 && entry.inode_flags == 0 &&
         !options_.verify && !options_.delta;
}

void Restorer::start_content(Item& item, TargetDir& dir) {
  if (is_small(item)) {
    item.is_small = true;
    item.dir = dir.shared_from_this();
    item.state = State::Writing;
    return;
  }
  bool patching = false;
  try {
    patching = options_.delta && start_patching(item, dir);
  } catch (const Error& e) {
    rethrow_if_final(e);  // else it is written anew
  }
  if (!patching) start_writing(item, dir);
}

bool Restorer::start_patching(Item& item, TargetDir& dir) {
  const auto found = dir.look(item.name());
  if (!found || !may_patch(item.entry, *found)) return false;
  Fd fd = dir.open_to_write(item.name());
  struct stat info {};
  if (fstat(fd.get(), &info) != 0) throw errno_error(errno, "stat");
  if (!may_patch(item.entry, info)) return false;  // another took its place
  if (fchmod(fd.get(), 0600) != 0) throw errno_error(errno, "set the mode");
  item.reshaped = static_cast<std::uint64_t>(info.st_size) != item.entry.size || item.entry.sparse;
  if (ftruncate(fd.get(), static_cast<off_t>(item.entry.size)) != 0) throw errno_error(errno, "set the size");
  if (item.entry.sparse) punch_holes(fd.get(), item.entry);
  item.existing = std::move(fd);
  item.state = State::Patching;
  return true;
}

void Restorer::start_writing(Item& item, TargetDir& dir) {
  item.file.emplace(dir.create_file(names_));
  item.state = State::Writing;
  if (ftruncate(item.file->fd(), static_cast<off_t>(item.entry.size)) != 0)
    throw errno_error(errno, "set the size");
  if (item.entry.size >= kDirectFile) item.direct = item.file->open_direct();
  const ByteView content = as_bytes(item.entry.inline_content);
  item.map->each(0, content.size(), [&](std::uint64_t to, std::uint64_t from, std::uint64_t size) {
    write_at(item.fd(), to, content.subspan(from, size));
  });
  item.wanted = content.size();
}

void Restorer::restore_special(Item& item, TargetDir& dir) {
  const Entry& entry = item.entry;
  const std::string name = item.name();
  const auto info = dir.look(name);
  const bool right = info && is_special(dir, name, *info, entry);
  if (!right && entry.type == EntryType::Symlink) {
    dir.place(name, names_,
              [&](int at, const char* as) { return symlinkat(entry.link_target.c_str(), at, as); });
  } else if (!right) {
    const mode_t mode = file_type(entry.type) | 0600u;
    const dev_t number = makedev(entry.device_major, entry.device_minor);
    dir.place(name, names_, [&](int at, const char* as) { return mknodat(at, as, mode, number); });
  }
  metadata_.set(dir, name, entry, item.xattrs);
  item.state = State::Done;
  count(entry, right ? &FileCounts::files_unmodified : &FileCounts::files_new);
}

}  // namespace stash::engine
