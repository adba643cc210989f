#include "engine/snapshot/tree_writer.hpp"

#include "stash/base/error.hpp"

namespace stash::engine {

TreeWriter::TreeWriter(BlobWriter& blobs, std::uint64_t boundary_seed)
    : blobs_(blobs), seed_(boundary_seed) {}

bool TreeWriter::add(const Entry& entry) {
  if (!last_path_.empty() && compare_paths(last_path_, entry.path) >= 0)
    throw Error(ErrorKind::Internal, "{} comes after {} in a tree", entry.path, last_path_);
  if (!leaf_.empty() && is_tree_boundary(entry.path, seed_, 0, leaf_.bytes()))
    ready_.push_back(std::exchange(leaf_, LeafBuilder{}));
  leaf_.add(entry);
  last_path_ = entry.path;
  return !ready_.empty();
}

Task<void> TreeWriter::flush() {
  std::vector<LeafBuilder> leaves = std::exchange(ready_, {});
  for (LeafBuilder& leaf : leaves) co_await store_leaf(std::move(leaf));
}

Task<void> TreeWriter::store_leaf(LeafBuilder leaf) {
  TreeRef ref;
  ref.first = leaf.first();
  ref.entries = leaf.entries();
  ref.bytes = leaf.content_bytes();
  ref.blob = co_await blobs_.add(BlobKind::Tree, leaf.finish());
  co_await push_up(0, std::move(ref));
}

Task<TreeRef> TreeWriter::store_node(std::size_t level) {
  const NodeBuilder node = std::exchange(levels_[level], NodeBuilder{});
  TreeRef ref;
  ref.level = static_cast<std::uint8_t>(level + 1);
  ref.first = node.first();
  ref.entries = node.entries();
  ref.bytes = node.content_bytes();
  ref.blob = co_await blobs_.add(BlobKind::Tree, node.finish(ref.level));
  co_return ref;
}

Task<void> TreeWriter::push_up(std::size_t level, TreeRef child) {
  if (levels_.size() <= level) levels_.resize(level + 1);
  const auto above = static_cast<std::uint8_t>(level + 1);
  if (levels_[level].size() >= kMinChildren &&
      is_tree_boundary(child.first, seed_, above, levels_[level].bytes())) {
    TreeRef node = co_await store_node(level);
    co_await push_up(level + 1, std::move(node));
  }
  levels_[level].add(child);
}

Task<TreeRef> TreeWriter::finish() {
  co_await flush();
  if (!leaf_.empty() || levels_.empty()) co_await store_leaf(std::exchange(leaf_, LeafBuilder{}));
  for (std::size_t level = 0;; ++level) {
    const bool is_top = level + 1 == levels_.size();
    if (is_top && levels_[level].size() == 1) co_return levels_[level].only_child();
    if (levels_[level].size() == 0) continue;
    TreeRef node = co_await store_node(level);
    co_await push_up(level + 1, std::move(node));
  }
}

}  // namespace stash::engine
