#pragma once

// Index segment: which blobs are in which packs, for some packs. Object index/<id>, never changed; a merge
// writes a new one that names those it supersedes.
//
//   header 16    as format/sealed.hpp, magic "STIX"
//   frames       the plain bytes below in pieces of 1 MiB, each sealed (format/sealed.hpp, sequence)
//
// Plain bytes, little-endian:
//   version u32 (1), superseded u32, packs u32, frames u32, blobs u32
//   superseded x id 16
//   packs x { id 16, size u64, xxh3-128 of the whole object 16 (zeros: not known), kind u8,
//             first frame u32, frames u32 }
//   frames x { offset u32, stored u32, raw u32, codec u8 }          frames of one pack side by side
//   then columns, each of `blobs` values, sorted by key (equal keys by pack):
//     key 16 bytes | rest of the id 16 bytes | pack u32 | frame u32 (in the table above) | offset u32 |
//     length u32
// Why the whole id: a repack or a check needs no pack footer to know what it moves.

#include <vector>

#include "engine/format/frame.hpp"
#include "engine/format/ids.hpp"

namespace stash::engine {

struct PackFooter;

/// Most bytes of a stored segment that are read.
inline constexpr std::uint64_t kMaxSegmentBytes = std::uint64_t{4} << 30;
/// Bytes that a blob takes in one, without its frame.
inline constexpr std::size_t kSegmentBlobBytes = 16 + 16 + 4 * 4;

struct SegmentPack {
  ObjectId id;
  std::uint64_t size = 0;
  std::array<std::byte, 16> checksum{};
  BlobKind kind = BlobKind::Data;
  std::uint32_t first_frame = 0;
  std::uint32_t frames = 0;

  bool operator==(const SegmentPack&) const = default;
};

struct SegmentBlob {
  BlobId id;
  std::uint32_t pack = 0;
  std::uint32_t frame = 0;
  std::uint32_t offset = 0;
  std::uint32_t length = 0;

  bool operator==(const SegmentBlob&) const = default;
};

struct Segment {
  std::vector<ObjectId> superseded;
  std::vector<SegmentPack> packs;
  std::vector<FrameInfo> frames;
  std::vector<SegmentBlob> blobs;  ///< any order before encoding; sorted by id after decoding

  bool operator==(const Segment&) const = default;
};

/// Adds a pack with all that its footer tells. Of `pack` id, size, checksum and kind are given.
void append_pack(Segment& segment, SegmentPack pack, const PackFooter& footer);

/// The plain bytes of a segment, read in place: only the packs are copied out of them.
class SegmentView {
 public:
  /// Error(Corrupt) for anything encode_segment() does not make: every index and range is checked. `bytes`
  /// must outlive it.
  explicit SegmentView(ByteView bytes);

  std::vector<ObjectId> superseded() const;
  const std::vector<SegmentPack>& packs() const { return packs_; }
  std::size_t frames() const;
  std::size_t blobs() const { return blobs_; }
  FrameInfo frame(std::size_t number) const;
  /// In order of their ids.
  SegmentBlob blob(std::size_t number) const;
  BlobKey key(std::size_t number) const;
  std::uint32_t pack_of(std::size_t number) const;

 private:
  void check_packs() const;
  void check_frames() const;
  void check_blobs() const;

  ByteView superseded_;
  std::vector<SegmentPack> packs_;
  ByteView frames_;
  ByteView columns_;
  std::size_t blobs_ = 0;
};

/// Bytes that encode_segment() makes.
std::size_t encoded_size(const Segment& segment);
Bytes encode_segment(Segment segment);
/// As SegmentView, with everything copied.
Segment decode_segment(ByteView bytes);

}  // namespace stash::engine
