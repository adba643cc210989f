#pragma once

// Memory in which runs of files are put together before they are written. Blobs come in the order of the
// packs, in pieces that begin and end anywhere; a file system wants few large writes, and the way past its
// cache wants whole pages.

#include <atomic>
#include <cstdint>
#include <deque>

#include "stash/base/bytes.hpp"
#include "stash/base/page_buffer.hpp"

namespace stash::engine {

/// A run of bytes of one file. Unless it is short, its memory lies in its page as the run does in the file's.
struct Region {
  Region(std::uint32_t f, std::uint64_t o, std::byte* m) : file(f), offset(o), memory(m) {}

  std::uint32_t file;  ///< the caller's number
  std::uint64_t offset;
  std::uint64_t length = 0;
  std::byte* memory;
  std::atomic<std::uint64_t> missing{0};  ///< bytes that were not put yet

  ByteView bytes() const { return {memory, static_cast<std::size_t>(length)}; }
};

/// The regions of some neighbouring files, in memory of a fixed size that is used again and again.
class Regions {
 public:
  /// Bytes of the longest region: regions are cut where the offset in the file is a multiple of it.
  static constexpr std::uint64_t kLongest = std::uint64_t{4} << 20;

  explicit Regions(std::uint64_t bytes) : memory_(bytes) {}

  /// Whether runs of `length` bytes together have room, wherever they lie.
  bool fits(std::uint64_t length) const;
  /// Adds a run that fits(): files in the order of their numbers, offsets rising. Before the first put().
  void add(std::uint32_t file, std::uint64_t offset, std::uint64_t length);
  /// Copies bytes of a run that was added to their place and calls done(Region&) for each region that is
  /// whole now. No byte is put twice. Any thread.
  template <class Done>
  void put(std::uint32_t file, std::uint64_t offset, ByteView bytes, Done done) {
    while (!bytes.empty()) {
      Region& region = find(file, offset);
      const std::size_t size = copy(region, offset, bytes);
      bytes = bytes.subspan(size);
      offset += size;
      if (region.missing.fetch_sub(size, std::memory_order_acq_rel) == size) done(region);
    }
  }
  bool empty() const { return regions_.empty(); }
  /// Forgets all regions.
  void clear();

 private:
  Region& find(std::uint32_t file, std::uint64_t offset);
  static std::size_t copy(Region& region, std::uint64_t offset, ByteView bytes);

  PageBuffer memory_;
  std::uint64_t used_ = 0;
  std::deque<Region> regions_;  ///< sorted by file and offset
};

/// Writes a region. `direct` is a second descriptor of the file that passes the page cache by, or -1. With
/// `around_zeros` long runs of zeros are left out: the file is fresh, so that they stay holes. Blocks; Error
/// with the kind of the errno.
void write_region(const Region& region, int fd, int direct, bool around_zeros);

}  // namespace stash::engine
