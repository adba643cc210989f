#pragma once

#include <vector>

#include "engine/format/entry.hpp"

namespace stash::engine {

/// Collects the runs of a file that are not holes, of which a finely holed image has millions: once they are
/// too many they are joined over the smallest holes. Memory: that of twice Entry::kMaxExtents. Pure.
class ExtentMap {
 public:
  /// The next run, behind the others and not touching them.
  void add(const Extent& run);
  /// At most Entry::kMaxExtents runs, with the largest holes still between them.
  std::vector<Extent> finish() &&;

 private:
  std::vector<Extent> runs_;
};

}  // namespace stash::engine
