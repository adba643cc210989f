#pragma once

// Pack: one stored object with many frames. Object packs/<first byte>/<id>, written once.
//
//   header  16 := "STPK" | version u8 (1) | cipher u8 (1) | flags u8 (bit 0: tree pack) | keyref u8 (0)
//                 | extra u32 (0) | 0 u32
//   frame*     := see format/frame.hpp; the first at offset 16, then one after another
//   footer     := sealed as a frame of kind 255 at its own offset, its AAD followed by the header
//   trailer 16 := footer's stored length u32 | xxh3-64 of (header, those 4 bytes) u64 | "STPE"
//
// Footer's plain bytes, little-endian:
//   version u32 (1), frames u32, blobs u32
//   frames x { offset u32, stored u32, raw u32, codec u8 }
//   blobs  x { id 32, frame u32, offset u32 in the raw frame, length u32 }
//   zeros  so that a pack that is not full has a size of the Padme series (at most 12 % more, 3 % at
//          16 MiB), which hides how much a session wrote
//
// With the key an index can be rebuilt from the ends of packs alone.

#include <vector>

#include "engine/format/frame.hpp"
#include "engine/format/keys.hpp"
#include "engine/format/sealed.hpp"

namespace stash::engine {

inline constexpr std::string_view kPackMagic = "STPK";
inline constexpr std::string_view kPackEndMagic = "STPE";
inline constexpr std::size_t kTrailerSize = 16;
inline constexpr std::uint64_t kMaxPack = std::uint64_t{1} << 30;
inline constexpr std::uint8_t kFooterKind = 255;

struct PackBlob {
  BlobId id;
  std::uint32_t frame = 0;
  std::uint32_t offset = 0;
  std::uint32_t length = 0;

  bool operator==(const PackBlob&) const = default;
};

struct PackFooter {
  std::vector<FrameInfo> frames;
  std::vector<PackBlob> blobs;

  bool operator==(const PackFooter&) const = default;
};

std::array<std::byte, kHeaderSize> pack_header(BlobKind kind);

/// The next size of the Padme series: at most log2(log2) bits of it are significant.
std::uint64_t padme(std::uint64_t size);

/// Sealed footer and trailer for frames that end at `offset`. `pad`: fill up to the Padme series.
Bytes seal_footer(const Keys& keys, const ObjectId& pack, BlobKind kind, std::uint64_t offset,
                  const PackFooter& footer, bool pad);

/// Where the footer begins, from the last kTrailerSize bytes of a pack of `size` bytes. Error(Corrupt).
std::uint64_t footer_offset(ByteView trailer, BlobKind kind, std::uint64_t size, const ObjectId& pack);
/// The footer out of its stored bytes at `offset` (trailer excluded). Error(Corrupt).
PackFooter open_footer(const Keys& keys, const ObjectId& pack, BlobKind kind, std::uint64_t offset,
                       ByteView stored);

/// The footer's plain bytes; `end` is where the frames end. Error(Corrupt) unless every number fits the
/// others.
PackFooter decode_footer(ByteView plain, std::uint64_t end);

/// The kind that a pack's header states. Error(Corrupt), Unsupported.
BlobKind pack_kind(ByteView header, const ObjectId& pack);

}  // namespace stash::engine
