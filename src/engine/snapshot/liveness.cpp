#include "engine/snapshot/liveness.hpp"

#include "engine/snapshot/walk_blobs.hpp"
#include "stash/base/log.hpp"

namespace stash::engine {

Liveness::Liveness(std::shared_ptr<const LoadedIndex> loaded)
    : loaded_(std::move(loaded)),
      data_(loaded_->index.rows(BlobKind::Data).size()),
      trees_(loaded_->index.rows(BlobKind::Tree).size()) {}

Task<void> Liveness::mark(Repository::Impl& repository, const Manifest& manifest) {
  const auto wanted = [this](const BlobId& subtree) { return !is_live(BlobKind::Tree, key_of(subtree)); };
  BlobWalk walk(repository, manifest.root, wanted);
  for (;;) {
    const auto blob = co_await walk.next();
    if (!blob) break;
    const BlobKey key = key_of(blob->ref.id);
    const auto rows = loaded_->index.rows(blob->kind);
    const std::size_t row = loaded_->index.first_row(blob->kind, key);
    if (row < rows.size() && rows[row].key == key) {
      bits(blob->kind)[row] = true;
      continue;
    }
    ++missing_;
    log::warn("a snapshot needs a blob that is in no pack",
              {{"snapshot", manifest.snapshot.id}, {"path", walk.path()}, {"blob", blob->ref.id.hex()}});
  }
}

bool Liveness::is_live(BlobKind kind, const BlobKey& key) const {
  const auto rows = loaded_->index.rows(kind);
  const std::size_t row = loaded_->index.first_row(kind, key);
  return row < rows.size() && rows[row].key == key && is_live_row(kind, row);
}

}  // namespace stash::engine
