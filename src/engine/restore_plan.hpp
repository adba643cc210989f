#pragma once

#include <cstdint>
#include <vector>

#include "engine/index.hpp"

namespace stash::engine {

/// A piece of content that a restore wants: where it is stored and which file it belongs to.
struct WantedPiece {
  BlobId id;
  FramePlace frame;
  std::uint32_t frame_offset = 0;
  std::uint32_t length = 0;
  std::uint32_t file = 0;            ///< the caller's number
  std::uint64_t content_offset = 0;  ///< in the content of that file, holes left out
};

/// Sealed bytes to fetch at once, and the pieces that are in them.
struct FetchRun {
  ObjectId pack;
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
  std::size_t first = 0;  ///< index of its first piece
  std::size_t count = 0;
  std::uint32_t largest_frame = 0;  ///< raw bytes
};

inline constexpr std::uint64_t kMaxRun = std::uint64_t{8} << 20;
inline constexpr std::uint64_t kMaxGap = std::uint64_t{256}
                                         << 10;  ///< cheaper to read over than to ask again

/// Sorts `pieces` by place and joins frames that are near into runs of at most `max_run` bytes, or of one
/// frame. Pure.
std::vector<FetchRun> plan_runs(std::vector<WantedPiece>& pieces, std::uint64_t max_run = kMaxRun);

}  // namespace stash::engine
