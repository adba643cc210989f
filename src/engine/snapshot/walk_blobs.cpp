#include "engine/snapshot/walk_blobs.hpp"

namespace stash::engine {

BlobWalk::BlobWalk(Repository::Impl& repository, BlobId root, std::function<bool(const BlobId&)> wanted)
    : blobs_(repository), tree_(blobs_, root) {
  tree_.on_blob([this](const BlobRef& ref) { add_tree_blob(ref); });
  if (wanted) tree_.on_subtree(std::move(wanted));
}

Task<std::optional<NeededBlob>> BlobWalk::next() {
  for (;;) {
    if (!waiting_.empty()) {
      const NeededBlob blob = waiting_.front();
      waiting_.pop_front();
      co_return blob;
    }
    if (content_) {
      const auto ref = co_await content_->next();
      if (ref)
        waiting_.push_back({BlobKind::Data, *ref});
      else
        content_.reset();
      continue;
    }
    auto entry = co_await tree_.next();
    if (!entry) {
      if (waiting_.empty()) co_return std::nullopt;
      continue;
    }
    entry_ = std::move(*entry);
    if (entry_.xattr_blob) add_tree_blob(*entry_.xattr_blob);
    if (entry_.blobs.empty()) continue;
    content_.emplace(blobs_, entry_);
    content_->on_blob([this](const BlobRef& ref) { add_tree_blob(ref); });
  }
}

}  // namespace stash::engine
