#pragma once

// Bytes between memory and disk without a stay in the page cache. Whoever puts or reads packs does so once:
// in the cache they would crowd out what the applications of the node use, and filling fresh pages of it
// costs more CPU than the disk's own work.

#include <string>

#include "stash/base/fd.hpp"
#include "stash/storage/store.hpp"

namespace stash::storage {

/// Below this size the cache is no worse.
inline constexpr std::uint64_t kDirectBytes = std::uint64_t{1} << 20;

/// Writes `bytes`, which begin at a page, to a file that is empty so far; returns how many, from the first,
/// are written: a whole number of pages, none where memory, file system or kernel do not allow it. Errors of
/// the disk (no space, I/O) are thrown with `path`.
std::uint64_t write_direct(int fd, ByteView bytes, const std::string& path);

/// At least one byte of [offset, offset + out.size()) by way of the cache, or 0 at the end of the file.
std::size_t read_cached(int fd, std::uint64_t offset, std::span<std::byte> out, const std::string& path);

/// Whether all of [offset, offset + length) of a file is in the cache, as far as the kernel tells. Begins no
/// read.
bool is_cached(int fd, std::uint64_t offset, std::uint64_t length);

/// Reads one file past the cache; through it where the file system does nothing else.
class DirectReader {
 public:
  /// `fd` is open for reading the file at `path` and stays the caller's.
  DirectReader(int fd, std::string path) : fd_(fd), path_(std::move(path)) {}

  /// At least one byte of [offset, offset + out.size()), or 0 at the end of the file.
  std::size_t read(std::uint64_t offset, std::span<std::byte> out);

 private:
  bool open();

  const int fd_;
  const std::string path_;
  Fd direct_;
  bool refused_ = false;  ///< the file system does not do it
};

}  // namespace stash::storage
