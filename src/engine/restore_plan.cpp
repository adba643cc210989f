#include "engine/restore_plan.hpp"

#include <algorithm>
#include <tuple>

namespace stash::engine {

std::vector<FetchRun> plan_runs(std::vector<WantedPiece>& pieces, std::uint64_t max_run) {
  std::ranges::sort(pieces, {}, [](const WantedPiece& p) {
    return std::tuple(p.frame.pack, p.frame.offset, p.frame_offset, p.file, p.content_offset);
  });
  std::vector<FetchRun> runs;
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    const FramePlace& frame = pieces[i].frame;
    const std::uint64_t end = std::uint64_t{frame.offset} + frame.stored;
    FetchRun* run = runs.empty() ? nullptr : &runs.back();
    const bool joins = run && run->pack == frame.pack &&
                       frame.offset <= run->offset + run->length + kMaxGap && end - run->offset <= max_run;
    if (!joins) {
      runs.push_back({frame.pack, frame.offset, 0, i, 0, 0});
      run = &runs.back();
    }
    run->length = std::max(run->length, end - run->offset);
    run->largest_frame = std::max(run->largest_frame, frame.raw);
    ++run->count;
  }
  return runs;
}

}  // namespace stash::engine
