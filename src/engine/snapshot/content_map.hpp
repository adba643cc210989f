#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "engine/format/entry.hpp"

namespace stash::engine {

/// From places in the stored content of a file to places in the file: the same unless it has holes.
class ContentMap {
 public:
  explicit ContentMap(const Entry& entry) : sparse_(entry.sparse) {
    std::uint64_t before = 0;
    for (const Extent& extent : entry.extents) {
      runs_.push_back({before, extent.offset});
      before += extent.length;
    }
    length_ = sparse_ ? before : entry.size;
  }

  /// Bytes of content.
  std::uint64_t length() const { return length_; }

  /// Calls visit(file offset, first byte, bytes) for the pieces of content [begin, begin + count), at most
  /// length().
  template <class Visit>
  void each(std::uint64_t begin, std::uint64_t count, Visit visit) const {
    if (!sparse_) {
      visit(begin, std::uint64_t{0}, count);
      return;
    }
    auto run = std::ranges::upper_bound(runs_, begin, {}, &Run::content);
    for (std::uint64_t done = 0; done < count;) {
      const std::uint64_t at = begin + done;
      const std::uint64_t end = run == runs_.end() ? length_ : run->content;
      if (run == runs_.begin() || end <= at) return;
      const std::uint64_t piece = std::min(count - done, end - at);
      visit(std::prev(run)->file + (at - std::prev(run)->content), done, piece);
      done += piece;
      ++run;
    }
  }

 private:
  struct Run {
    std::uint64_t content;
    std::uint64_t file;
  };
  bool sparse_;
  std::vector<Run> runs_;
  std::uint64_t length_ = 0;
};

}  // namespace stash::engine
