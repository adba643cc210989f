#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/backup/file_tree.hpp"
#include "engine/select/selection.hpp"

namespace stash::engine {

struct WalkOptions {
  std::vector<std::string> paths;  ///< as normalise_paths() gives them
  Selection selection{{}, {}, {}, {}};
  bool one_file_system = false;
  bool exclude_caches = false;
  bool allow_empty = false;

  WalkOptions() {}
};

/// One path the walk met, with everything that can be told without opening a regular file.
struct Found {
  std::string path;
  FileStat stat;
  bool has_stat = true;               ///< false: not even metadata could be read; `problem` tells why
  std::string problem;                ///< what could not be read, or ""
  bool unreadable = false;            ///< with a problem: it is more than attributes
  std::shared_ptr<SourceDir> parent;  ///< of a regular file: where to open name() in
  std::string link_target;
  std::vector<Xattr> xattrs;  ///< not of regular files: theirs are read when they are open

  std::string name() const { return path.substr(path.rfind('/') + 1); }
};

/// Absolute, without "." and "..", sorted as trees are, none twice and none below another. Relative paths
/// start at the working directory. Error(Invalid) for none at all and for one with a NUL.
std::vector<std::string> normalise_paths(const std::vector<std::string>& paths);

/// Goes through a file tree in path order. Memory: the names of the directories on the way down. Blocks; one
/// thread at a time.
class Walker {
 public:
  Walker(FileTree& tree, WalkOptions options);

  /// At most `most` further entries; none: the walk is over. Error(NotFound) for a path that does not exist,
  /// before the first entry if it is missing then, and Error(Invalid) for one with nothing in it, unless
  /// empty ones are allowed.
  std::vector<Found> next(std::size_t most);

  /// Entries handed out that have a stat.
  std::uint64_t entries() const { return entries_; }
  /// Names that went away between being listed and being looked at.
  std::uint64_t vanished() const { return vanished_; }

 private:
  struct Level {
    std::shared_ptr<SourceDir> dir;  ///< null while parked: reopened from below on the way back
    FileStat stat;
    NameList names;
    std::size_t next = 0;
    std::size_t path_length = 0;
  };

  /// A path to back up, and where it is.
  struct Top {
    std::shared_ptr<SourceDir> parent;
    std::string name;
    FileStat stat;
  };

  bool step(std::vector<Found>& out);
  std::optional<Top> find(const std::string& path);
  void start(const std::string& path, std::vector<Found>& out);
  void visit(const std::shared_ptr<SourceDir>& dir, std::vector<Found>& out);
  /// False when it went away.
  bool describe(const std::shared_ptr<SourceDir>& dir, const std::string& name, Found& found);
  void enter(SourceDir& dir, const std::string& name, Found& found);
  /// What else there is of an entry is kept without its attributes.
  template <class Read>
  void put_xattrs(Found& found, Read read);
  void leave(std::vector<Found>& out);
  void hand_out(Found found, std::vector<Found>& out);
  bool is_cache(SourceDir& dir, const NameList& names);

  FileTree& tree_;
  WalkOptions options_;
  std::size_t next_path_ = 0;
  std::string path_;  ///< of the directory on top of levels_
  std::string name_;  ///< of the entry at hand
  std::vector<Level> levels_;
  std::uint64_t root_device_ = 0;
  std::uint64_t entries_ = 0;
  std::uint64_t entries_before_path_ = 0;
  std::uint64_t vanished_ = 0;
  bool empty_is_explained_ = false;  ///< the path is a file, or could not be listed
};

}  // namespace stash::engine
