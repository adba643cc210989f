#pragma once

// A sealed object: index segments, snapshot manifests, tombs.
//
//   header 16 := magic 4 | version u8 (1) | cipher u8 (1) | flags u8 (0) | keyref u8 | extra u32 (0) | pieces
//   u32 piece*    := AES-256-GCM(1 MiB of the plain bytes; the last one less or equal) | tag 16
//
//   key     HKDF(master, the object's name, "stash object"); names are random and written once
//   nonce   number of the piece, 96 bits little-endian
//   AAD     repository id 16 | header 16 | number u32
// The header is in the AAD, so a piece lost at the end, an object under another name, of another kind or of
// another repository fails to open. keyref 0: the key comes from the master secret. 1 is reserved for a
// session key sealed to the repository's X25519 public key, which would stand in `extra` bytes after the
// header (writers that cannot read).

#include <string_view>

#include "engine/format/keys.hpp"

namespace stash::engine {

inline constexpr std::string_view kSegmentMagic = "STIX";
inline constexpr std::string_view kSnapshotMagic = "STSN";
inline constexpr std::string_view kTombMagic = "STTB";
inline constexpr std::string_view kBrokenMagic = "STBR";

inline constexpr std::uint8_t kSealedVersion = 1;
inline constexpr std::uint8_t kCipherAesGcm = 1;
inline constexpr std::size_t kHeaderSize = 16;

/// The header that packs and sealed objects begin with.
std::array<std::byte, kHeaderSize> make_header(std::string_view magic, std::uint8_t flags,
                                               std::uint32_t last);
/// Checks magic and version; gives flags and the last number. Error(Corrupt), or Unsupported for a newer
/// version.
struct Header {
  std::uint8_t flags = 0;
  std::uint32_t last = 0;
};
Header read_header(ByteView bytes, std::string_view magic, std::string_view name);

Bytes seal_object(const Keys& keys, std::string_view magic, std::string_view name, ByteView plain);
/// Error(Corrupt) that names the object.
Bytes open_object(const Keys& keys, std::string_view magic, std::string_view name, ByteView sealed);

}  // namespace stash::engine
