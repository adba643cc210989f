#include "engine/restore/restore_preview.hpp"

#include "engine/restore/metadata_setter.hpp"
#include "engine/restore/target_match.hpp"
#include "engine/select/paths.hpp"
#include "engine/snapshot/entry_info.hpp"
#include "stash/base/error.hpp"

namespace stash::engine {
namespace {

constexpr std::size_t kWindow = 512;

}  // namespace

RestorePreview::RestorePreview(Repository& repository, const Manifest& manifest, RestoreOptions options,
                               Progress& progress, ChangeVisitor visit)
    : repository_(repository.impl()),
      options_(std::move(options)),
      progress_(progress),
      visit_(std::move(visit)),
      selection_(options_.includes, options_.iincludes, options_.excludes, options_.iexcludes),
      blobs_(repository_),
      compare_(repository_, blobs_),
      tree_(blobs_, manifest.root),
      entries_(tree_, selection_),
      pool_(repository_.environment.pool) {
  tree_.on_damage([this](const std::string& first, const std::string& why) { error(first, why); });
}

Task<RestoreResult> RestorePreview::run() {
  target_ = co_await net::offload(pool_, [this] { return TargetDir::find_target(options_.target); });
  for (;;) {
    auto found = co_await entries_.next();
    if (!found) break;
    co_await take(std::move(found->entry), found->chosen);
  }
  co_await flush();
  co_return std::move(result_);
}

Task<void> RestorePreview::take(Entry entry, bool chosen) {
  while (!above_.empty() && !is_within(entry.path, above_.back().path)) above_.pop_back();
  if (!chosen) {
    above_.push_back(std::move(entry));
    co_return;
  }
  for (Entry& dir : std::exchange(above_, {})) co_await push(std::move(dir), false);
  co_await push(std::move(entry), true);
  if (window_.size() >= kWindow) co_await flush();
}

Task<void> RestorePreview::push(Entry entry, bool chosen) {
  Item& item = window_.emplace_back();
  item.entry = std::move(entry);
  try {
    item.xattrs = co_await read_xattrs(blobs_, item.entry);
  } catch (const Error& e) {
    if (!is_data_damage(e)) throw;
    item.problem = e.what();
  }
  item.chosen = chosen;
}

Task<void> RestorePreview::flush() {
  co_await net::offload(pool_, [this] {
    for (Item& item : window_) {
      try {
        look(item);
      } catch (const Error& e) {
        item.problem = e.what();
      }
    }
  });
  for (Item& item : window_) {
    if (item.compare) item.content_right = co_await same_content(item);
    tell(item);
  }
  links_.forget_complete();
  window_.clear();
}

void RestorePreview::look(Item& item) {
  const Entry& entry = item.entry;
  if (top_.empty() || !is_within(entry.path, top_)) top_ = entry.path;
  if (entry.unreadable && entry.type != EntryType::Dir)
    throw Error(ErrorKind::Invalid, "it could not be read when it was backed up");
  const std::shared_ptr<TargetDir> dir = dir_of(entry.path);
  const std::string name = entry.path == "/" ? "." : name_of(entry.path);
  if (dir) item.found = dir->look(name);
  if (item.found && S_ISLNK(item.found->st_mode) && entry.type == EntryType::Dir && entry.path == top_)
    throw Error(ErrorKind::Conflict, "is a symbolic link where the directory should be");
  if (!item.found || (item.found->st_mode & S_IFMT) != file_type(entry.type)) return;
  item.metadata_right = MetadataSetter::is_set(*dir, name, *item.found, entry, item.xattrs);
  if (entry.type == EntryType::File) {
    item.content_right = seems_right(entry, *item.found);
    const bool doubted =
        item.content_right ? options_.verify : options_.delta && may_patch(entry, *item.found);
    item.compare = doubted && !entry.sparse;
    if (doubted) item.content_right = false;
  } else {
    item.content_right = entry.type == EntryType::Dir || is_special(*dir, name, *item.found, entry);
  }
}

/// The directory that `path` is in, or null where the target has none.
std::shared_ptr<TargetDir> RestorePreview::dir_of(const std::string& path) {
  const std::string wanted = parent_of(path);
  if (wanted == near_path_) return near_dir_;
  const std::string way = parent_of(top_);
  const bool below = near_dir_ && is_within(near_path_, way) && is_within(wanted, near_path_);
  std::shared_ptr<TargetDir> dir = below ? near_dir_ : target_ ? target_->find_way(way) : nullptr;
  std::size_t at = (below ? near_path_ : way).size();
  while (dir && at < wanted.size()) {
    const std::size_t begin = wanted[at] == '/' ? at + 1 : at;
    at = std::min(wanted.find('/', begin), wanted.size());
    dir = dir->find(wanted.substr(begin, at - begin));
  }
  near_path_ = wanted;
  near_dir_ = dir;
  return dir;
}

Task<bool> RestorePreview::same_content(const Item& item) {
  Fd file;
  const ContentMap map(item.entry);
  const auto open = [&] {
    const std::shared_ptr<TargetDir> dir = dir_of(item.entry.path);
    if (dir) file = dir->open_existing(name_of(item.entry.path));
  };
  try {
    co_await net::offload(pool_, open);
  } catch (const Error& e) {
    if (e.kind() == ErrorKind::Cancelled) throw;  // else it would be written anew
  }
  if (!file) co_return false;
  co_return co_await compare_.same(item.entry, map, file.get());
}

void RestorePreview::tell(const Item& item) {
  if (!item.problem.empty()) return error(item.entry.path, item.problem);
  if (!item.chosen && item.found) return;
  const char kind = kind_of(item);
  count(item, kind);
  if (kind != '=') visit_(kind, info_of(item.entry));
}

char RestorePreview::kind_of(const Item& item) {
  const Entry& entry = item.entry;
  char kind = 'M';
  if (!item.found)
    kind = '+';
  else if ((item.found->st_mode & S_IFMT) != file_type(entry.type))
    kind = 'T';
  else if (item.content_right)
    kind = item.metadata_right ? '=' : 'U';
  if (!has_other_names(entry)) return kind;
  const auto [link, is_first] = links_.take(entry);
  if (!is_first) return item.found ? kind_of_link(item, *link) : kind;
  link->kept = kind == '=' || kind == 'U';
  if (item.found) link->device = item.found->st_dev;
  if (item.found) link->inode = item.found->st_ino;
  return kind;
}

char RestorePreview::kind_of_link(const Item& item, const LinkTarget& first) const {
  const bool same = item.found->st_ino == first.inode && item.found->st_dev == first.device;
  return first.kept && same ? '=' : 'M';
}

void RestorePreview::count(const Item& item, char kind) {
  RestoreChanges& changes = result_.changes;
  ++(kind == '+'   ? changes.created
     : kind == 'U' ? changes.metadata
     : kind == '=' ? changes.unchanged
                   : changes.rewritten);
  FileCounts& counts = result_.counts;
  const bool written = kind != 'U' && kind != '=';
  if (item.entry.type == EntryType::Dir) {
    ++counts.dirs;
  } else if (item.entry.type != EntryType::File) {
    ++counts.others;
  } else {
    ++(!written ? counts.files_unmodified : kind == '+' ? counts.files_new : counts.files_changed);
    counts.bytes += item.entry.size;
    if (written) result_.bytes_written += ContentMap(item.entry).length();
    ++progress_.files_done;
  }
}

void RestorePreview::error(const std::string& path, const std::string& what) {
  ++progress_.errors;
  result_.add_error(path, what);
  if (options_.on_error) options_.on_error(PathProblem(path, what));
}

}  // namespace stash::engine
