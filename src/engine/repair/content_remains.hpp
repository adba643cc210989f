#pragma once

#include <vector>

#include "engine/snapshot/content_map.hpp"

namespace stash::engine {

/// Builds the extents of a file of whose content some pieces are lost: they become holes, so that what is
/// left stands where it stood.
///
/// Pieces come in the order of the content. Pure.
class ContentRemains {
 public:
  /// The entry must outlive this.
  explicit ContentRemains(const Entry& entry) : map_(entry) {}

  /// The next `length` bytes are there. False when they have to count as lost after all: they are more than
  /// the file has, or would make more than Entry::kMaxExtents.
  bool take(std::uint64_t length);
  void lose(std::uint64_t length) { at_ += length; }

  const std::vector<Extent>& extents() const { return extents_; }

 private:
  ContentMap map_;
  std::uint64_t at_ = 0;  ///< in the content
  std::vector<Extent> extents_;
};

}  // namespace stash::engine
