#include "engine/backup/extent_map.hpp"

#include <algorithm>
#include <functional>

namespace stash::engine {
namespace {

constexpr std::size_t kMost = Entry::kMaxExtents;

std::uint64_t hole_between(const Extent& a, const Extent& b) { return b.offset - a.offset - a.length; }

/// The largest hole that has to go so that at most kMost of these runs are left.
std::uint64_t largest_to_join(const std::vector<Extent>& runs) {
  std::vector<std::uint64_t> holes;
  holes.reserve(runs.size());
  for (std::size_t i = 1; i < runs.size(); ++i) holes.push_back(hole_between(runs[i - 1], runs[i]));
  const auto nth = holes.begin() + static_cast<std::ptrdiff_t>(kMost - 1);
  std::ranges::nth_element(holes, nth, std::greater());
  return *nth;
}

void join_over(std::uint64_t largest, std::vector<Extent>& runs) {
  std::size_t last = 0;
  for (std::size_t i = 1; i < runs.size(); ++i) {
    const Extent run = runs[i];
    if (hole_between(runs[last], run) > largest)
      runs[++last] = run;
    else
      runs[last].length = run.offset + run.length - runs[last].offset;
  }
  runs.resize(last + 1);
}

}  // namespace

// What is joined over is not among the kMost - 1 largest holes so far, hence not among those of the whole.
void ExtentMap::add(const Extent& run) {
  runs_.push_back(run);
  if (runs_.size() > 2 * kMost) join_over(largest_to_join(runs_), runs_);
}

std::vector<Extent> ExtentMap::finish() && {
  if (runs_.size() > kMost) join_over(largest_to_join(runs_), runs_);
  return std::move(runs_);
}

}  // namespace stash::engine
