#include <optional>

#include "engine/repository/repository_impl.hpp"
#include "stash/engine/check.hpp"

namespace stash::engine {
namespace {

/// Copies of a blob stand side by side in key order and count once.
void count_blobs(const Index& index, BlobKind kind, StatsResult& result) {
  std::optional<BlobKey> last;
  for (const Index::Row& row : index.rows(kind)) {
    index.passed(1);
    if (row.key == last) continue;
    last = row.key;
    ++result.blobs;
    result.raw_bytes += row.place.length;
  }
}

}  // namespace

Task<StatsResult> stats(Repository& repository, SnapshotFilter filter) {
  Repository::Impl& impl = repository.impl();
  StatsResult result;
  const std::vector<Snapshot> snapshots = co_await repository.snapshots(filter);
  for (const Snapshot& snapshot : snapshots) {
    ++result.snapshots;
    result.files += snapshot.counts.files();
    result.restore_bytes += snapshot.counts.bytes;
  }
  std::string token;
  do {
    const storage::ListPage page = co_await impl.store.list("", token);
    for (const storage::ObjectInfo& object : page.objects) result.stored_bytes += object.size;
    token = page.next;
  } while (!token.empty());
  co_await impl.load_index(Index::Scope::Places);
  count_blobs(impl.index(), BlobKind::Data, result);
  count_blobs(impl.index(), BlobKind::Tree, result);
  result.packs = impl.index().packs().size();
  co_return result;
}

}  // namespace stash::engine
