#include "engine/restore/restorer.hpp"

#include <sys/resource.h>

#include <algorithm>

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
  // With the bytes in flight, five sixths of the budget.
  for (std::size_t i = 0; i < kPlans; ++i)
    idle_plans_.push_back(std::make_unique<Plan>(repository_.environment.memory_budget / 6));
}

Task<RestoreResult> Restorer::run() {
  target_ = co_await net::offload(pool_, [this] { return TargetDir::open_target(options_.target); });
  std::string last;
  std::string tree_damage;
  for (;;) {
    std::optional<SelectedEntries::Found> found;
    try {
      found = co_await entries_.next();
    } catch (const Error& e) {
      if (!is_data_damage(e)) throw;
      tree_damage = e.what();
    }
    if (!found) break;
    last = found->entry.path;
    co_await take(std::move(found->entry), found->chosen);
  }
  while (!levels_.empty()) {
    left_.push_back(std::move(levels_.back()));
    levels_.pop_back();
  }
  co_await flush();
  if (options_.durable) co_await net::offload(pool_, [this] { sync(); });
  result_.owners_kept = metadata_.owners_kept();
  if (!tree_damage.empty())
    throw Error(ErrorKind::Corrupt, "what comes after {} could not be restored: {}",
                last.empty() ? "the beginning" : last, tree_damage);
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
