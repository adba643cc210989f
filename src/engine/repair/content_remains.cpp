#include "engine/repair/content_remains.hpp"

namespace stash::engine {

bool ContentRemains::take(std::uint64_t length) {
  const std::uint64_t begin = at_;
  at_ += length;
  if (length > map_.length() || begin > map_.length() - length) return false;
  std::vector<Extent> grown = extents_;
  map_.each(begin, length, [&](std::uint64_t file, std::uint64_t, std::uint64_t count) {
    const bool touches = !grown.empty() && grown.back().offset + grown.back().length == file;
    if (touches)
      grown.back().length += count;
    else
      grown.push_back({file, count});
  });
  if (grown.size() > Entry::kMaxExtents) return false;
  extents_ = std::move(grown);
  return true;
}

}  // namespace stash::engine
