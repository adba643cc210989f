#pragma once

// The file system a backup reads, behind a seam: the real one follows no symlink and names files by directory
// handle; tests put one in its place that loses files, refuses them or changes them while they are read.
//
// Every call blocks. A directory may be asked by several threads at once, but for names(); a file by one at a
// time. Failures are Error with the kind of the errno: NotFound means that the name went away since it was
// listed.

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/format/entry.hpp"

namespace stash::engine {

/// What the file system tells about one name, without following it.
struct FileStat {
  EntryType type = EntryType::File;
  std::uint32_t mode = 0;  ///< the 12 permission bits
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  std::uint64_t size = 0;
  TimePoint mtime;
  TimePoint ctime;
  TimePoint atime;
  std::optional<TimePoint> btime;
  std::uint64_t inode = 0;
  std::uint64_t device = 0;  ///< st_dev as the kernel gives it now
  std::uint32_t links = 1;
  std::uint32_t device_major = 0;  ///< of a device node
  std::uint32_t device_minor = 0;
  std::uint32_t inode_flags = 0;
  std::uint64_t allocated = 0;  ///< bytes of disk behind it
};

/// Names in one buffer, so that a directory of a million of them stays small.
class NameList {
 public:
  void add(std::string_view name);
  void sort();  ///< bytewise; a name that was listed twice, as a busy directory does, is left once
  std::size_t size() const { return pieces_.size(); }
  std::string_view operator[](std::size_t i) const;

 private:
  struct Piece {
    std::uint32_t begin;
    std::uint32_t length;
  };
  std::string text_;
  std::vector<Piece> pieces_;
};

/// A regular file open for reading.
class SourceFile {
 public:
  SourceFile() = default;
  SourceFile(const SourceFile&) = delete;
  SourceFile& operator=(const SourceFile&) = delete;
  virtual ~SourceFile() = default;

  /// As it was found to be when it was opened.
  virtual FileStat opened() = 0;
  virtual FileStat stat() = 0;
  /// Fills `out` from `offset`; less only at the end of the file.
  virtual std::size_t read(std::uint64_t offset, std::span<std::byte> out) = 0;
  /// The runs of [0, size) that are not holes, in order, not touching; at most Entry::kMaxExtents, which then
  /// have the smallest holes in them.
  virtual std::vector<Extent> extents(std::uint64_t size) = 0;
  /// Sorted by name.
  virtual std::vector<Xattr> xattrs() = 0;
};

/// A directory open for reading.
class SourceDir {
 public:
  SourceDir() = default;
  SourceDir(const SourceDir&) = delete;
  SourceDir& operator=(const SourceDir&) = delete;
  virtual ~SourceDir() = default;

  virtual FileStat stat() = 0;
  virtual std::vector<Xattr> xattrs() = 0;
  /// All names but "." and "..", in no order.
  virtual NameList names() = 0;

  virtual FileStat stat(const std::string& name) = 0;
  virtual std::unique_ptr<SourceDir> open_dir(const std::string& name) = 0;
  /// Only for names that are regular files; never waits for a fifo and never follows a symlink put there
  /// meanwhile.
  virtual std::unique_ptr<SourceFile> open_file(const std::string& name) = 0;
  virtual std::string link_target(const std::string& name) = 0;
  /// Of a name that is neither opened nor followed: symlinks, devices, fifos, sockets.
  virtual std::vector<Xattr> xattrs(const std::string& name) = 0;
};

class FileTree {
 public:
  FileTree() = default;
  FileTree(const FileTree&) = delete;
  FileTree& operator=(const FileTree&) = delete;
  virtual ~FileTree() = default;

  /// Opens a directory by absolute path. Symlinks on the way are followed: they are the caller's choice.
  virtual std::unique_ptr<SourceDir> open(const std::string& path) = 0;
};

/// The machine's own file system.
class LinuxTree final : public FileTree {
 public:
  std::unique_ptr<SourceDir> open(const std::string& path) override;
};

}  // namespace stash::engine
