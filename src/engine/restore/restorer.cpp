#include "engine/restore/restorer.hpp"

#include <sys/resource.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "engine/snapshot/content.hpp"
#include "stash/base/error.hpp"

namespace stash::engine {
namespace {

constexpr std::uint64_t kWindowBytes = std::uint64_t{256} << 20;
constexpr std::size_t kPlans = 2;  ///< one is fetched while another is written

/// Entries worked on at once: each may hold a file and a directory open.
std::size_t affordable_window() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return 1024;
  const rlim_t reserve = 128 + Restorer::kOpenLevels;
  const rlim_t spare = limit.rlim_cur > reserve ? limit.rlim_cur - reserve : 0;
  return static_cast<std::size_t>(std::clamp<rlim_t>(spare / 3, 32, 1024));
}

/// Codes of linkat() where only a file of its own can have the name: another file system, one without hard
/// links, or as many links as there may be.
bool cannot_link(int code) {
  return code == EXDEV || code == EPERM || code == ENOTSUP || code == ENOSYS || code == EMLINK;
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
      entries_(tree_, selection_),
      bytes_(repository_.environment.memory_budget / 2),
      pool_(repository_.environment.pool),
      names_(repository_.environment.random),
      metadata_([this](const std::string& path, const std::string& what) { warn(path, what); }),
      window_size_(affordable_window()) {
  tree_.on_damage([this](const std::string& first, const std::string& why) {
    ++damaged_;
    error(first, why);
  });
  // With the bytes in flight, five sixths of the budget.
  for (std::size_t i = 0; i < kPlans; ++i)
    idle_plans_.push_back(std::make_unique<Plan>(repository_.environment.memory_budget / 6));
}

Task<RestoreResult> Restorer::run() {
  target_ = co_await net::offload(pool_, [this] { return TargetDir::open_target(options_.target); });
  for (;;) {
    auto found = co_await entries_.next();
    if (!found) break;
    co_await take(std::move(found->entry), found->chosen);
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

Task<void> Restorer::take(Entry entry, bool chosen) {
  leave(entry.path);
  std::vector<Xattr> xattrs;
  std::string damage;
  try {
    xattrs = co_await read_xattrs(blobs_, entry);
  } catch (const Error& e) {
    if (!is_data_damage(e)) throw;
    damage = e.what();
  }
  if (!damage.empty()) {
    ++damaged_;
    error(entry.path, "restored without its extended attributes: " + damage);
  }
  LevelPtr parent =
      levels_.empty() || levels_.back()->entry.path != parent_of(entry.path) ? nullptr : levels_.back();
  if (entry.type == EntryType::Dir) {
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
  co_await restore_window();
  keep_unlinked();
  if (!window_.empty()) co_await restore_window();
  co_await net::offload(pool_, [this] {
    close();
    forget_handles();
  });
  links_.forget_complete();
  window_.clear();
  window_bytes_ = 0;
  entered_.clear();
  left_.clear();
}

Task<void> Restorer::restore_window() {
  co_await net::offload(pool_, [this] { prepare(); });
  if (options_.verify) co_await verify_existing();
  co_await make_inline_files();
  co_await write_contents();
  if (options_.verify) co_await verify_written();
  co_await net::offload(pool_, [this] {
    finish();
    link_names();
  });
}

/// Leaves in the window what could not become a link.
void Restorer::keep_unlinked() {
  std::deque<Item> kept;
  for (Item& item : window_) {
    if (item.no_link.empty()) continue;
    item.number = static_cast<std::uint32_t>(kept.size());
    item.is_link = false;
    kept.push_back(std::move(item));
  }
  window_.swap(kept);
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
    if (item.state != State::Done) continue;
    if (item.link && !item.is_link) item.link->restored = true;
    if (!item.no_link.empty()) warn(item.entry.path, "no longer a hard link: " + item.no_link);
  }
}

void Restorer::finish(Item& item) {
  if (item.state != State::Right && !item.takes_content()) return;
  if (item.is_small) throw Error(ErrorKind::Internal, "its content did not come together");
  metadata_.set(item.fd(), item.entry, item.xattrs);
  if (item.takes_content()) require_written(item.fd());
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
  }
  for (Item& item : window_) {
    if (item.state != State::Done || item.entry.type != EntryType::File || item.is_link) continue;
    metadata_.set_flags(item.fd(), item.entry);
  }
}

void Restorer::link_name(Item& item) {
  const LinkTarget& target = *item.link;
  if (!target.restored)
    throw Error(ErrorKind::NotFound, "its first name {} could not be restored", target.path);
  const std::shared_ptr<TargetDir> from = dir_of(target.level, target.path);
  const std::shared_ptr<TargetDir> to = dir_of(item.level, item.entry.path);
  const std::string source = name_of(target.path);
  const auto first = from->look(source);
  const auto here = to->look(item.name());
  const bool right = first && here && first->st_ino == here->st_ino && first->st_dev == here->st_dev;
  int code = 0;
  const auto make = [&](int at, const char* as) {
    const int made = linkat(from->fd(), source.c_str(), at, as, 0);
    code = made == 0 ? 0 : errno;
    return made;
  };
  try {
    if (!right) to->place(item.name(), names_, make);
  } catch (const Error&) {
    if (!cannot_link(code)) throw;
    item.no_link = std::strerror(code);
    return;
  }
  item.state = State::Done;
  count(item.entry, right ? &FileCounts::files_unmodified : &FileCounts::files_new);
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
