#include "engine/backup/walker.hpp"

#include <algorithm>
#include <array>
#include <filesystem>

#include "engine/select/paths.hpp"
#include "stash/base/error.hpp"

namespace stash::engine {
namespace {

/// Directories kept open on the way down; those above them are parked.
constexpr std::size_t kOpenLevels = 64;

constexpr std::string_view kCacheTag = "CACHEDIR.TAG";
constexpr std::string_view kCacheSignature = "Signature: 8a477f597d28d172789f06886806bc55";

std::string join(const std::string& dir, const std::string& name) {
  std::string path;
  path.reserve(dir.size() + 1 + name.size());
  path = dir;
  if (path != "/") path += '/';
  path += name;
  return path;
}

std::string normalise(const std::string& path) {
  if (path.find('\0') != std::string::npos)
    throw Error(ErrorKind::Invalid, "path '{}' contains a NUL byte", path.c_str());
  if (path.empty()) throw Error(ErrorKind::Invalid, "a path to back up is empty");
  std::string clean = std::filesystem::absolute(path).lexically_normal().native();
  while (clean.size() > 1 && clean.back() == '/') clean.pop_back();
  return clean;
}

}  // namespace

std::vector<std::string> normalise_paths(const std::vector<std::string>& paths) {
  if (paths.empty()) throw Error(ErrorKind::Invalid, "no path to back up is given");
  std::vector<std::string> clean;
  for (const std::string& path : paths) clean.push_back(normalise(path));
  return outermost(std::move(clean));
}

Walker::Walker(FileTree& tree, WalkOptions options) : tree_(tree), options_(std::move(options)) {}

std::vector<Found> Walker::next(std::size_t most) {
  std::vector<Found> out;
  out.reserve(most);
  while (out.size() < most && step(out)) {
  }
  return out;
}

bool Walker::step(std::vector<Found>& out) {
  if (levels_.empty()) {
    // Nobody reads one for hours to be told then that another is missing.
    if (next_path_ == 0)
      for (const std::string& path : options_.paths) find(path);
    if (next_path_ == options_.paths.size()) return false;
    start(options_.paths[next_path_++], out);
    return true;
  }
  Level& top = levels_.back();
  if (top.next == top.names.size()) {
    leave(out);
    return true;
  }
  const std::shared_ptr<SourceDir> dir = top.dir;  // a level that is entered moves this one
  name_ = top.names[top.next++];
  visit(dir, out);
  return true;
}

/// Nothing when it is missing and may be.
std::optional<Walker::Top> Walker::find(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  Top top;
  top.name = path == "/" ? "." : path.substr(slash + 1);
  try {
    top.parent = tree_.open(slash == 0 ? "/" : path.substr(0, slash));
    top.stat = top.parent->stat(top.name);
  } catch (const Error& e) {
    if (e.kind() != ErrorKind::NotFound) throw Error(e.kind(), "path {}: {}", path, e.what());
    if (options_.allow_empty) return std::nullopt;
    throw Error(ErrorKind::NotFound, "path {} does not exist", path);
  }
  if (top.stat.type == EntryType::Symlink) {
    bool is_directory = true;
    try {
      tree_.open(path);
    } catch (const Error&) {
      is_directory = false;
    }
    if (is_directory)
      throw Error(ErrorKind::Invalid,
                  "path {} is a symbolic link to the directory {}: name that directory instead", path,
                  top.parent->link_target(top.name));
  }
  return top;
}

void Walker::start(const std::string& path, std::vector<Found>& out) {
  const std::optional<Top> top = find(path);
  if (!top) return;
  Found found;
  found.path = path;
  found.stat = top->stat;
  root_device_ = found.stat.device;
  entries_before_path_ = entries_ + 1;
  empty_is_explained_ = found.stat.type != EntryType::Dir;
  if (!describe(top->parent, top->name, found)) throw Error(ErrorKind::NotFound, "path {} went away", path);
  empty_is_explained_ = empty_is_explained_ || !found.problem.empty();
  hand_out(std::move(found), out);
}

/// Of the entry name_.
void Walker::visit(const std::shared_ptr<SourceDir>& dir, std::vector<Found>& out) {
  Found found;
  found.path = join(path_, name_);
  if (!options_.selection.worth_visiting(found.path)) return;
  if (found.path.size() > Entry::kMaxPath) {
    found.has_stat = false;
    found.problem = "the path is too long";
    found.path.resize(Entry::kMaxPath);
    return hand_out(std::move(found), out);
  }
  try {
    found.stat = dir->stat(name_);
  } catch (const Error& e) {
    if (e.kind() == ErrorKind::NotFound) {
      ++vanished_;
      return;
    }
    found.has_stat = false;
    found.problem = e.what();
    return hand_out(std::move(found), out);
  }
  const bool elsewhere = options_.one_file_system && found.stat.device != root_device_;
  if (elsewhere && found.stat.type != EntryType::Dir) return;
  if (!elsewhere && !describe(dir, name_, found)) {
    ++vanished_;
    return;
  }
  hand_out(std::move(found), out);
}

bool Walker::describe(const std::shared_ptr<SourceDir>& dir, const std::string& name, Found& found) {
  try {
    switch (found.stat.type) {
      case EntryType::File:
        found.parent = dir;
        break;
      case EntryType::Dir:
        enter(*dir, name, found);
        break;
      case EntryType::Symlink:
        found.link_target = dir->link_target(name);
        [[fallthrough]];
      default:
        put_xattrs(found, [&] { return dir->xattrs(name); });
    }
  } catch (const Error& e) {
    if (e.kind() == ErrorKind::NotFound) return false;
    found.problem = e.what();
    found.unreadable = true;
  }
  return true;
}

template <class Read>
void Walker::put_xattrs(Found& found, Read read) {
  try {
    found.xattrs = read();
  } catch (const Error& e) {
    if (e.kind() == ErrorKind::NotFound) throw;
    found.problem = e.what();
  }
}

void Walker::enter(SourceDir& dir, const std::string& name, Found& found) {
  Level level;
  level.dir = dir.open_dir(name);
  level.stat = found.stat;
  level.names = level.dir->names();
  level.names.sort();
  put_xattrs(found, [&] { return level.dir->xattrs(); });
  if (options_.exclude_caches && is_cache(*level.dir, level.names)) {
    level.names = NameList();
    level.names.add(kCacheTag);
  }
  path_ = found.path;
  level.path_length = path_.size();
  levels_.push_back(std::move(level));
  if (levels_.size() > kOpenLevels) levels_[levels_.size() - 1 - kOpenLevels].dir.reset();
}

void Walker::leave(std::vector<Found>& out) {
  const std::shared_ptr<SourceDir> below = std::move(levels_.back().dir);
  levels_.pop_back();
  if (levels_.empty()) {
    if (entries_ == entries_before_path_ && !empty_is_explained_ && !options_.allow_empty)
      throw Error(ErrorKind::Invalid,
                  "path {}: there is nothing to back up: it is empty, or everything in it is excluded",
                  path_);
    return;
  }
  Level& top = levels_.back();
  path_.resize(top.path_length);
  if (top.dir) return;
  try {
    top.dir = below->open_dir("..");
    const FileStat now = top.dir->stat();
    if (now.inode == top.stat.inode && now.device == top.stat.device) return;
    throw Error(ErrorKind::NotFound, "the directory was moved while it was read");
  } catch (const Error& e) {
    // Without a handle the rest of this directory cannot be reached: told once, and the walk goes on above
    // it.
    Found found;
    found.path = path_;
    found.has_stat = false;
    found.problem = e.what();
    top.next = top.names.size();
    if (!top.dir) top.dir = below;
    hand_out(std::move(found), out);
  }
}

void Walker::hand_out(Found found, std::vector<Found>& out) {
  if (found.has_stat) ++entries_;
  out.push_back(std::move(found));
}

bool Walker::is_cache(SourceDir& dir, const NameList& names) {
  bool tagged = false;
  for (std::size_t i = 0; i < names.size() && !tagged; ++i) tagged = names[i] == kCacheTag;
  if (!tagged) return false;
  const std::string name(kCacheTag);
  try {
    if (dir.stat(name).type != EntryType::File) return false;
    std::array<std::byte, kCacheSignature.size()> head{};
    const std::size_t length = dir.open_file(name)->read(0, head);
    return as_text(ByteView(head).first(length)) == kCacheSignature;
  } catch (const Error&) {
    return false;  // a tag that cannot be read must not cost the directory
  }
}

}  // namespace stash::engine
