#include "engine/blobs/fetch_plan.hpp"

#include <algorithm>
#include <tuple>

namespace stash::engine {
namespace {

constexpr std::uint64_t kMaxGap = std::uint64_t{256} << 10;  ///< cheaper to read over than to ask again

std::uint64_t end_of(const FramePlace& frame) { return std::uint64_t{frame.offset} + frame.stored; }

}  // namespace

bool FetchPlanner::joins(const FramePlace& frame) const {
  if (runs_.empty()) return false;
  const FetchRun& run = runs_.back();
  return run.pack == frame.pack && frame.offset >= run.offset &&
         frame.offset <= run.offset + run.length + kMaxGap && end_of(frame) - run.offset <= most_;
}

void FetchPlanner::add(const FramePlace& frame) {
  if (!joins(frame)) runs_.push_back({frame.pack, frame.offset, 0, items_, 0, 0});
  FetchRun& run = runs_.back();
  run.length = std::max(run.length, end_of(frame) - run.offset);
  run.largest_frame = std::max(run.largest_frame, frame.raw);
  ++run.count;
  ++items_;
}

std::vector<FetchRun> plan_runs(std::vector<WantedPiece>& pieces, std::uint64_t max_run) {
  std::ranges::sort(pieces, {}, [](const WantedPiece& p) {
    return std::tuple(p.frame.pack, p.frame.offset, p.frame_offset, p.file, p.content_offset);
  });
  FetchPlanner planner(max_run);
  for (const WantedPiece& piece : pieces) planner.add(piece.frame);
  return std::move(planner).runs();
}

}  // namespace stash::engine
