#pragma once

#include <array>
#include <cstdint>

#include "engine/format/frame.hpp"
#include "engine/format/ids.hpp"

namespace stash::engine {

/// What an index holds. In the heap and in IndexFile they have the same bytes.

struct IndexPlace {
  std::uint32_t pack = 0;   ///< in the index's table of packs
  std::uint32_t frame = 0;  ///< in its table of frames
  std::uint32_t offset = 0;
  std::uint32_t length = 0;
};

struct IndexRow {
  BlobKey key;
  IndexPlace place;
};

struct IndexFrame {
  std::uint32_t offset = 0;
  std::uint32_t stored = 0;
  std::uint32_t raw_codec = 0;  ///< raw << 1 | codec

  IndexFrame() = default;
  explicit IndexFrame(const FrameInfo& frame)
      : offset(frame.offset),
        stored(frame.stored),
        raw_codec(frame.raw << 1 | static_cast<std::uint32_t>(frame.codec)) {}
  std::uint32_t raw() const { return raw_codec >> 1; }
  Codec codec() const { return static_cast<Codec>(raw_codec & 1); }
};

/// The order of rows: copies of a blob stand side by side.
inline bool by_key(const IndexRow& a, const IndexRow& b) {
  return a.key != b.key ? a.key < b.key : a.place.pack < b.place.pack;
}

}  // namespace stash::engine
