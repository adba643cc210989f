#include "engine/restorer.hpp"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/sysmacros.h>

#include <algorithm>

#include "engine/content.hpp"
#include "engine/target_match.hpp"
#include "stash/base/error.hpp"

namespace stash::engine {
namespace {

constexpr std::uint64_t kWindowBytes = std::uint64_t{256} << 20;
/// A file up to here is made in one go; a larger one goes past the page cache from kDirectFile on.
constexpr std::uint64_t kSmallFile = std::uint64_t{256} << 10;
constexpr std::uint64_t kDirectFile = std::uint64_t{1} << 20;
constexpr std::size_t kPlans = 2;        ///< one is fetched while another is written
constexpr std::size_t kOpenLevels = 64;  ///< directories on the way down that stay open between windows

/// Entries worked on at once: each may hold a file and a directory open.
std::size_t affordable_window() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return 1024;
  const rlim_t reserve = 128 + kOpenLevels;
  const rlim_t spare = limit.rlim_cur > reserve ? limit.rlim_cur - reserve : 0;
  return static_cast<std::size_t>(std::clamp<rlim_t>(spare / 3, 32, 1024));
}

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

/// Going on would only repeat the same failure for every file.
void rethrow_if_final(const Error& e) {
  if (e.kind() == ErrorKind::Exhausted || e.kind() == ErrorKind::Cancelled || e.kind() == ErrorKind::Internal)
    throw e;
}

}  // namespace

Restorer::Restorer(Repository& repository, const Manifest& manifest, RestoreOptions options,
                   Progress& progress)
    : repository_(repository.impl()),
      options_(std::move(options)),
      progress_(progress),
      selection_(options_.includes, options_.iincludes, options_.excludes, options_.iexcludes),
      blobs_(repository_),
      compare_(repository_, blobs_),
      tree_(blobs_, manifest.root),
      bytes_(repository_.environment.memory_budget / 2),
      pool_(repository_.environment.pool),
      names_(repository_.environment.random),
      metadata_([this](const std::string& path, const std::string& what) { warn(path, what); }),
      window_size_(affordable_window()) {
  // With the bytes in flight, five sixths of the budget.
  for (std::size_t i = 0; i < kPlans; ++i)
    idle_plans_.push_back(std::make_unique<Plan>(repository_.environment.memory_budget / 6));
}

Task<RestoreResult> Restorer::run() {
  target_ = co_await net::offload(pool_, [this] { return TargetDir::open_target(options_.target); });
  for (;;) {
    std::optional<Entry> entry = co_await tree_.next();
    if (!entry) break;
    co_await take(std::move(*entry));
  }
  while (!levels_.empty()) {
    left_.push_back(std::move(levels_.back()));
    levels_.pop_back();
  }
  co_await flush();
  if (options_.durable) co_await net::offload(pool_, [this] { sync(); });
  result_.owners_kept = metadata_.owners_kept();
  co_return std::move(result_);
}

Task<void> Restorer::take(Entry entry) {
  leave(entry.path);
  const bool chosen = selection_.chosen(entry.path);
  const bool is_dir = entry.type == EntryType::Dir;
  if (is_dir && !chosen && !selection_.worth_visiting(entry.path)) {
    co_await tree_.seek_past(entry.path);
    co_return;
  }
  if (!chosen && !is_dir) co_return;
  std::vector<Xattr> xattrs = co_await read_xattrs(blobs_, entry);
  LevelPtr parent =
      levels_.empty() || levels_.back()->entry.path != parent_of(entry.path) ? nullptr : levels_.back();
  if (is_dir) {
    auto level = std::make_shared<Level>();
    level->entry = std::move(entry);
    level->xattrs = std::move(xattrs);
    level->parent = std::move(parent);
    level->chosen = chosen;
    if (chosen) entered_.push_back(level);
    levels_.push_back(std::move(level));
  } else {
    window_bytes_ += entry.size;
    Item& item = window_.emplace_back();
    item.number = static_cast<std::uint32_t>(window_.size() - 1);
    item.entry = std::move(entry);
    item.xattrs = std::move(xattrs);
    item.level = std::move(parent);
  }
  const bool full = window_.size() + entered_.size() + left_.size() >= window_size_;
  if (full || window_bytes_ >= kWindowBytes) co_await flush();
}

void Restorer::leave(std::string_view path) {
  while (!levels_.empty() && !is_within(path, levels_.back()->entry.path)) {
    left_.push_back(std::move(levels_.back()));
    levels_.pop_back();
  }
}

Task<void> Restorer::flush() {
  co_await net::offload(pool_, [this] { prepare(); });
  if (options_.verify) co_await verify_existing();
  co_await make_inline_files();
  co_await write_contents();
  if (options_.verify) co_await verify_written();
  co_await net::offload(pool_, [this] {
    finish();
    link_names();
    close();
    forget_handles();
  });
  window_.clear();
  window_bytes_ = 0;
  entered_.clear();
  left_.clear();
}

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
  if (item.entry.links > 1) {
    const auto [target, first] = links_.try_emplace({item.entry.device, item.entry.inode});
    item.is_link = !first;
    if (item.is_link) return;
    target->second = {item.level, item.entry.path, false, item.entry.links - 1};
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

void Restorer::finish() {
  for (Item& item : window_) {
    try {
      finish(item);
    } catch (const Error& e) {
      rethrow_if_final(e);
      fail(item, e.what());
    }
    if (item.state == State::Failed) item.file.reset();
    if (item.is_link || item.entry.links < 2) continue;
    const auto target = links_.find({item.entry.device, item.entry.inode});
    if (target != links_.end()) target->second.restored = item.state == State::Done;
  }
}

void Restorer::finish(Item& item) {
  if (item.state != State::Right && !item.takes_content()) return;
  if (item.is_small) throw Error(ErrorKind::Internal, "its content did not come together");
  metadata_.set(item.fd(), item.entry, item.xattrs);
  if (item.file) item.file->publish(item.name(), names_);
  const bool right = item.state == State::Right || (item.wanted == 0 && !item.reshaped && !item.file);
  count(item.entry, item.file ? &FileCounts::files_new
                    : right   ? &FileCounts::files_unmodified
                              : &FileCounts::files_changed);
  result_.bytes_written += item.wanted;
  item.state = State::Done;
}

void Restorer::link_names() {
  for (Item& item : window_) {
    if (!item.is_link) continue;
    try {
      link_name(item);
    } catch (const Error& e) {
      rethrow_if_final(e);
      fail(item, e.what());
    }
    const auto target = links_.find({item.entry.device, item.entry.inode});
    if (target != links_.end() && --target->second.left == 0) links_.erase(target);
  }
  for (Item& item : window_) {
    if (item.state != State::Done || item.entry.type != EntryType::File || item.is_link) continue;
    metadata_.set_flags(item.fd(), item.entry);
  }
}

void Restorer::link_name(Item& item) {
  const LinkTarget& target = links_.at({item.entry.device, item.entry.inode});
  if (!target.restored)
    throw Error(ErrorKind::NotFound, "its first name {} could not be restored", target.path);
  const std::shared_ptr<TargetDir> from = dir_of(target.level, target.path);
  const std::shared_ptr<TargetDir> to = dir_of(item.level, item.entry.path);
  const std::string source = name_of(target.path);
  const auto first = from->look(source);
  const auto here = to->look(item.name());
  const bool right = first && here && first->st_ino == here->st_ino && first->st_dev == here->st_dev;
  if (!right)
    to->place(item.name(), names_,
              [&](int at, const char* as) { return linkat(from->fd(), source.c_str(), at, as, 0); });
  item.state = State::Done;
  count(item.entry, right ? &FileCounts::files_unmodified : &FileCounts::files_new);
}

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

void Restorer::fail(Item& item, const std::string& what) {
  if (item.state == State::Failed) return;
  const bool touched = item.state == State::Patching;
  item.state = State::Failed;
  error(item.entry.path, touched ? what + " (it may be in part old and in part new)" : what);
}

void Restorer::error(const std::string& path, const std::string& what) {
  const std::lock_guard lock(results_);
  ++progress_.errors;
  result_.add_error(path, what);
  if (options_.on_error) options_.on_error(PathProblem(path, what));
}

void Restorer::warn(const std::string& path, const std::string& what) {
  const std::lock_guard lock(results_);
  result_.add_warning(path, what);
  if (options_.on_warning) options_.on_warning(PathProblem(path, what));
}

void Restorer::count(const Entry& entry, std::uint64_t FileCounts::*files) {
  FileCounts& counts = result_.counts;
  if (entry.type == EntryType::Dir) {
    ++counts.dirs;
  } else if (entry.type != EntryType::File) {
    ++counts.others;
  } else {
    ++(counts.*files);
    counts.bytes += entry.size;
    ++progress_.files_done;
  }
}

}  // namespace stash::engine
