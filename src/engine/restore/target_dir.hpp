#pragma once

// Where a restore writes: directories by handle, one name at a time, so that no symlink is ever followed and
// nothing outside the target can be reached. Blocking calls; Error with the kind of the errno.

#include <sys/stat.h>

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "engine/format/entry.hpp"
#include "stash/base/fd.hpp"
#include "stash/base/random.hpp"

namespace stash::engine {

/// Names for things that are not whole yet: hidden, never met twice in one restore.
class TemporaryNames {
 public:
  explicit TemporaryNames(Random& random) : prefix_(".stash-" + std::to_string(random.number()) + "-") {}
  std::string next() { return prefix_ + std::to_string(++count_); }

 private:
  std::string prefix_;
  std::atomic<std::uint64_t> count_{0};
};

class TargetDir;

/// All of `bytes`, from `offset` on.
void write_at(int fd, std::uint64_t offset, ByteView bytes);
/// Throws what a network file system tells only when a file is closed: that it had no room for what was
/// written.
void require_written(int fd);

/// A file in the making, without a name of its own where the file system can do that. Goes away unless
/// published.
class TargetFile {
 public:
  TargetFile(std::shared_ptr<TargetDir> dir, Fd fd, std::string temporary)
      : dir_(std::move(dir)), fd_(std::move(fd)), temporary_(std::move(temporary)) {}
  TargetFile(TargetFile&& other) noexcept = default;
  TargetFile& operator=(TargetFile&&) = delete;
  ~TargetFile();

  int fd() const { return fd_.get(); }
  /// A second descriptor that passes the page cache by; invalid where that cannot be had.
  Fd open_direct() const;
  /// Gives it its name, in place of what has that name now unless that is a directory with something in it.
  void publish(const std::string& name, TemporaryNames& names);

 private:
  std::shared_ptr<TargetDir> dir_;
  Fd fd_;
  std::string temporary_;  ///< the name it has until it is published; "" for none
};

class TargetDir : public std::enable_shared_from_this<TargetDir> {
 public:
  explicit TargetDir(Fd fd) : fd_(std::move(fd)) {}

  /// The directory at `path`, made with its parents when missing. The path is the caller's: symlinks are
  /// followed.
  static std::shared_ptr<TargetDir> open_target(const std::string& path);
  /// The same without making anything: null where there is no such directory.
  static std::shared_ptr<TargetDir> find_target(const std::string& path);

  int fd() const { return fd_.get(); }

  /// Its metadata without following it; nothing when there is no such name.
  std::optional<struct stat> look(const std::string& name) const;

  /// Walks down existing directories to `path` ("/a/b", "/": itself); missing ones are made. Symlinks met on
  /// the way are resolved as if this directory were the root, where the kernel can do that, else refused.
  std::shared_ptr<TargetDir> walk_to(const std::string& path);
  /// The same without making anything: null where walk_to() would make a directory.
  std::shared_ptr<TargetDir> find_way(const std::string& path);

  struct Entered {
    std::shared_ptr<TargetDir> dir;
    bool made = false;
  };
  /// The directory `name`, made with mode 0700 when missing. Takes the place of a file or symlink, but with
  /// `keep_links` a symlink is Error(Conflict).
  Entered enter(const std::string& name, bool keep_links);
  /// The directory `name`, null where there is none.
  std::shared_ptr<TargetDir> find(const std::string& name) const;

  TargetFile create_file(TemporaryNames& names);
  /// The same under its own name from the start where nothing has that name: cheaper, and for files that are
  /// written and finished at once. One that a kill left half done has neither the time nor, mostly, the size
  /// that it should have.
  TargetFile create_named(const std::string& name, TemporaryNames& names);
  /// An existing regular file, for reading and changing its metadata.
  Fd open_existing(const std::string& name) const;
  /// The same for writing into it too.
  Fd open_to_write(const std::string& name) const;
  std::string link_target(const std::string& name) const;

  /// Makes something by `make(directory fd, name)` (a system call: 0 or -1 with errno), in place of what has
  /// the name.
  void place(const std::string& name, TemporaryNames& names,
             const std::function<int(int, const char*)>& make);
  /// Renames inside the directory; an empty directory gives way.
  void replace(const std::string& temporary, const std::string& name);

 private:
  Fd open_file(const std::string& name, int access) const;

  Fd fd_;
};

}  // namespace stash::engine
