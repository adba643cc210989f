#pragma once

// The merged index of one repository as a local file, so that a process maps it instead of reading and
// sorting every segment. It tells nothing that the segments do not tell: whoever finds it missing, damaged,
// of another repository or of another set of segments reads those.
//
// <directory>/<repository id>.index, mode 0600, in the byte order of the machine:
//   header 88    magic "STASHIX1" | repository 16 | frames u64 | data rows u64 | tree rows u64 | packs u64 |
//                segments u64 | overlaps u64 | checksum 16
//   frames x { offset u32, stored u32, raw << 1 | codec u32 }, then zeros up to a multiple of 8
//   data rows, tree rows x { key high u64, key low u64, pack u32, frame u32, offset u32, length u32 }, by key
//   packs x { id 16, checksum 16, size u64, first frame u32, frames u32, segment u32, kind u32 }
//   segments x id 16
// The checksum is XXH3-128 of all that follows the header and then of the header up to the checksum.
//
// It is made whole under no name and then linked and renamed to its own, never changed afterwards: whoever
// has it open keeps what they have, and two processes that make it at once both make a good one.

#include <atomic>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>

#include "engine/index/index_rows.hpp"
#include "stash/base/fd.hpp"

namespace stash::engine {

/// The local file could not be made or read: the index has to do without.
class IndexFileError : public std::runtime_error {
 public:
  /// Tells what `errno` says.
  explicit IndexFileError(const char* deed);
};

class IndexFile {
 public:
  struct Header {
    std::array<char, 8> magic{'S', 'T', 'A', 'S', 'H', 'I', 'X', '1'};
    ObjectId repository;
    std::uint64_t frames = 0;
    std::uint64_t data_rows = 0;
    std::uint64_t tree_rows = 0;
    std::uint64_t packs = 0;
    std::uint64_t segments = 0;
    std::uint64_t overlaps = 0;  ///< not 0: some pack is in a second segment, too
    std::array<std::byte, 16> checksum{};

    /// Of the whole file; UINT64_MAX when the counts cannot be true.
    std::uint64_t file_size() const;
  };
  struct Pack {
    ObjectId id;
    std::array<std::byte, 16> checksum{};
    std::uint64_t size = 0;
    std::uint32_t first_frame = 0;
    std::uint32_t frames = 0;
    std::uint32_t segment = 0;  ///< in segments(): the one that the pack was taken from
    BlobKind kind = BlobKind::Data;
    std::array<std::byte, 3> zeros{};
  };

  static std::string path(const std::string& directory, const ObjectId& repository);

  /// The file at `path`, or null unless it is whole, of this repository and of this user. Reads all of it.
  static std::unique_ptr<const IndexFile> open(const std::string& path, const ObjectId& repository);
  /// One that was just made. IndexFileError when it cannot be mapped.
  static std::unique_ptr<const IndexFile> map(Fd fd, const Header& header);
  ~IndexFile();
  IndexFile(const IndexFile&) = delete;
  IndexFile& operator=(const IndexFile&) = delete;

  const Header& header() const { return header_; }
  std::span<const IndexFrame> frames() const { return frames_; }
  std::span<const IndexRow> rows(BlobKind kind) const { return kind == BlobKind::Tree ? trees_ : data_; }
  std::span<const Pack> packs() const { return packs_; }
  std::span<const ObjectId> segments() const { return segments_; }

  /// Says that about so many bytes were looked at. Every few MiB the pages go back to the page cache, so that
  /// the process stays small however large the file is. Any thread.
  void touched(std::size_t bytes) const;

 private:
  IndexFile(std::byte* begin, const Header& header);

  std::byte* begin_;
  Header header_;
  std::span<const IndexFrame> frames_;
  std::span<const IndexRow> data_;
  std::span<const IndexRow> trees_;
  std::span<const Pack> packs_;
  std::span<const ObjectId> segments_;
  mutable std::atomic<std::size_t> touched_{0};
};

/// Bytes of a table of frames, with the zeros after it.
inline std::uint64_t frames_bytes(std::uint64_t frames) { return (frames * sizeof(IndexFrame) + 7) / 8 * 8; }

}  // namespace stash::engine
