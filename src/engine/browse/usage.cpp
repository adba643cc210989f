#include "stash/engine/usage.hpp"

#include <map>
#include <utility>

#include "engine/snapshot/liveness.hpp"

namespace stash::engine {
namespace {

/// The bit of a blob is at its first copy.
void count_live(const Index& index, const Liveness& live, BlobKind kind, Usage& usage) {
  const auto rows = index.rows(kind);
  for (std::size_t row = 0; row < rows.size(); ++row) {
    if (!live.is_live_row(kind, row)) continue;
    ++usage.blobs;
    usage.unique_bytes += rows[row].place.length;
  }
}

}  // namespace

Task<std::vector<Usage>> usage(Repository& repository, SnapshotFilter filter, UsageBy by) {
  Repository::Impl& impl = repository.impl();
  std::map<std::pair<std::string, std::vector<std::string>>, std::vector<std::string>> groups;
  for (const Snapshot& snapshot : co_await repository.snapshots(std::move(filter))) {
    if (by == UsageBy::Host)
      groups[{snapshot.host, {}}].push_back(snapshot.id);
    else
      groups[{"", snapshot.paths}].push_back(snapshot.id);
  }
  co_await impl.load_index(Index::Scope::Places);
  const auto loaded = impl.loaded();
  std::vector<Usage> usages;
  for (const auto& [key, ids] : groups) {
    Usage usage;
    usage.host = key.first;
    usage.paths = key.second;
    Liveness live(loaded);
    for (const std::string& id : ids) {
      const Manifest manifest = co_await impl.manifest(id);
      co_await live.mark(impl, manifest);
      ++usage.snapshots;
      usage.restore_bytes += manifest.snapshot.counts.bytes;
    }
    count_live(loaded->index, live, BlobKind::Data, usage);
    count_live(loaded->index, live, BlobKind::Tree, usage);
    usages.push_back(std::move(usage));
  }
  co_return usages;
}

}  // namespace stash::engine
