#pragma once

// A frame: the unit of compression and sealing in a pack. One blob of at least kGroupBelow bytes, or several
// smaller ones one after another.
//
//   stored := AES-256-GCM(payload) | tag 16      payload: the raw bytes, or one lz4 block of them
//   key      HKDF(master, pack id, "stash pack")
//   nonce    offset of the frame in the pack, 96 bits little-endian: unique, since packs are written once
//   AAD      repository id 16 | kind u8 | codec u8 | raw length u32 LE
// A frame moved to another place, pack or repository, or read as another kind, fails to open.

#include "engine/format/ids.hpp"
#include "stash/crypto/aead.hpp"

namespace stash::engine {

enum class Codec : std::uint8_t { Raw = 0, Lz4 = 1 };

inline constexpr std::size_t kMaxBlob = 4u << 20;        ///< bytes of one blob
inline constexpr std::size_t kMaxFrame = kMaxBlob;       ///< raw bytes of one frame
inline constexpr std::size_t kGroupBelow = 64u << 10;    ///< smaller blobs share frames
inline constexpr std::size_t kGroupTarget = 128u << 10;  ///< raw bytes at which a shared frame is closed

/// Where a frame is in its pack.
struct FrameInfo {
  std::uint32_t offset = 0;
  std::uint32_t stored = 0;
  std::uint32_t raw = 0;
  Codec codec = Codec::Raw;

  bool operator==(const FrameInfo&) const = default;
};

/// The payload of a frame: `raw` compressed into `scratch`, or `raw` itself when that gains less than 3 %.
struct Payload {
  ByteView bytes;
  Codec codec = Codec::Raw;
};
Payload compress(ByteView raw, Bytes& scratch);
/// Error(Corrupt) unless the payload decodes to exactly `raw` bytes (at most kMaxFrame).
Bytes decompress(ByteView payload, Codec codec, std::size_t raw);

/// Associated data of a frame: binds it to its repository, kind, codec and length.
std::array<std::byte, 22> frame_aad(const ObjectId& repository, std::uint8_t kind, Codec codec,
                                    std::uint32_t raw);
crypto::Nonce offset_nonce(std::uint64_t offset);

}  // namespace stash::engine
