#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "engine/index/index.hpp"

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

/// Sealed bytes to fetch at once, and the items that are in them.
struct FetchRun {
  ObjectId pack;
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
  std::size_t first = 0;  ///< index of its first item
  std::size_t count = 0;
  std::uint32_t largest_frame = 0;  ///< raw bytes
};

/// Joins frames that are near into runs. Pure.
class FetchPlanner {
 public:
  /// A run has at most `most` bytes, or one frame.
  explicit FetchPlanner(std::uint64_t most) : most_(most) {}

  /// The frame of the next item; items come in the order of pack and place.
  void add(const FramePlace& frame);
  std::vector<FetchRun> runs() && { return std::move(runs_); }

 private:
  bool joins(const FramePlace& frame) const;

  const std::uint64_t most_;
  std::size_t items_ = 0;
  std::vector<FetchRun> runs_;
};

inline constexpr std::uint64_t kMaxRun = std::uint64_t{8} << 20;

/// Sorts `pieces` by place and plans their fetching.
std::vector<FetchRun> plan_runs(std::vector<WantedPiece>& pieces, std::uint64_t max_run = kMaxRun);

}  // namespace stash::engine
