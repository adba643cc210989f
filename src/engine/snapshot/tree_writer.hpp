#pragma once

#include <memory>
#include <vector>

#include "engine/blobs/blob_writer.hpp"
#include "engine/format/tree.hpp"

namespace stash::engine {

/// Builds a snapshot's tree out of entries that come in path order. Memory: one leaf and one node a level.
///
///   if (tree.add(entry)) co_await tree.flush();
class TreeWriter {
 public:
  TreeWriter(BlobWriter& blobs, std::uint64_t boundary_seed);

  /// Error(Internal) when the path is not above the last one. True: flush() before the next add().
  [[nodiscard]] bool add(const Entry& entry);
  /// Stores the leaves that are complete.
  Task<void> flush();
  /// Stores the rest. A tree without entries has one empty leaf.
  Task<TreeRef> finish();

 private:
  Task<void> store_leaf(LeafBuilder leaf);
  Task<TreeRef> store_node(std::size_t level);
  Task<void> push_up(std::size_t level, TreeRef child);

  BlobWriter& blobs_;
  std::uint64_t seed_;
  LeafBuilder leaf_;
  std::vector<LeafBuilder> ready_;
  std::vector<NodeBuilder> levels_;
  std::string last_path_;
};

}  // namespace stash::engine
