#pragma once

#include <deque>
#include <optional>

#include "engine/blobs/blob_reader.hpp"
#include "engine/snapshot/content.hpp"
#include "engine/snapshot/tree_reader.hpp"

namespace stash::engine {

/// One blob a snapshot needs.
struct NeededBlob {
  BlobKind kind = BlobKind::Data;
  BlobRef ref;
};

/// Every blob that a snapshot needs: tree nodes and leaves, list blobs, xattr sets, file content. A blob that
/// is used several times comes several times. Memory: what TreeReader needs.
class BlobWalk {
 public:
  /// The index must be loaded. `wanted` is asked before a subtree of the tree is read; false passes over it.
  BlobWalk(Repository::Impl& repository, BlobId root, std::function<bool(const BlobId&)> wanted = {});

  Task<std::optional<NeededBlob>> next();
  /// The entry that the walk is at, for messages.
  const std::string& path() const { return entry_.path; }

 private:
  void add_tree_blob(const BlobRef& ref) { waiting_.push_back({BlobKind::Tree, ref}); }

  BlobReader blobs_;
  TreeReader tree_;
  Entry entry_;
  std::optional<ContentReader> content_;
  std::deque<NeededBlob> waiting_;
};

}  // namespace stash::engine
