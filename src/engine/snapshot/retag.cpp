#include "stash/engine/retag.hpp"

#include <algorithm>

#include "engine/blobs/blob_writer.hpp"
#include "engine/repository/repository_impl.hpp"
#include "engine/snapshot/commit.hpp"

namespace stash::engine {
namespace {

bool has(const std::vector<std::string>& tags, const std::string& tag) {
  return std::ranges::find(tags, tag) != tags.end();
}

Task<void> commit_again(Repository::Impl& repository, BlobWriter& writer, Manifest manifest,
                        std::string& id) {
  const Manifest committed = co_await commit(repository, writer, std::move(manifest));
  id = committed.snapshot.id;
}

/// What counts as stored for a writer that stores nothing. Nobody looked what the new snapshot needs of packs
/// that are condemned already, and a collector to which the old one is gone may never have seen the new one:
/// by knowing no tomb the writer makes the commit look, and copy it.
std::shared_ptr<const LoadedIndex> known_to_writer(const Repository::Impl& repository) {
  auto loaded = repository.loaded();
  loaded->require_tombs();
  if (!loaded->index.holds_condemned()) return loaded;
  return std::make_shared<LoadedIndex>(Index::Scope::Members);
}

/// The new snapshot is committed as one of a backup is, so that no collector deletes what it needs; a
/// snapshot that somebody forgot meanwhile stays forgotten.
Task<std::string> replace(Repository::Impl& repository, std::string before, std::vector<std::string> tags) {
  Manifest manifest = co_await repository.manifest(before);
  manifest.snapshot.tags = std::move(tags);
  std::string after;
  Progress progress;
  const auto known = known_to_writer(repository);
  co_await write_session(
      repository, progress,
      [&](BlobWriter& writer) { return commit_again(repository, writer, manifest, after); }, known);
  bool forgotten = false;
  try {
    co_await repository.remove_snapshot(before);
  } catch (const Error& e) {
    if (e.kind() != ErrorKind::NotFound) throw;
    forgotten = true;
  }
  if (!forgotten) co_return after;
  co_await repository.remove_snapshot(after);
  throw Error(ErrorKind::Conflict, "snapshot {} was forgotten meanwhile", before);
}

}  // namespace

std::vector<std::string> TagChange::apply(const std::vector<std::string>& tags) const {
  std::vector<std::string> result;
  for (const std::string& tag : replace ? set : tags)
    if (!has(remove, tag) && !has(result, tag)) result.push_back(tag);
  for (const std::string& tag : add)
    if (!has(result, tag)) result.push_back(tag);
  return result;
}

Task<std::vector<Retagged>> retag(Repository& repository, std::vector<std::string> ids, SnapshotFilter filter,
                                  TagChange change) {
  Repository::Impl& impl = repository.impl();
  impl.config.require_writable();
  std::vector<Snapshot> chosen;
  for (const std::string& id : ids) {
    Snapshot snapshot = co_await repository.find_snapshot(id, filter);
    const bool twice = std::ranges::any_of(chosen, [&](const Snapshot& s) { return s.id == snapshot.id; });
    if (!twice) chosen.push_back(std::move(snapshot));
  }
  if (ids.empty()) chosen = co_await repository.snapshots(filter);
  std::vector<Retagged> changed;
  for (const Snapshot& snapshot : chosen) {
    std::vector<std::string> tags = change.apply(snapshot.tags);
    if (tags == snapshot.tags) continue;
    // Where nothing may be deleted, the old ones would stay beside the new: asked with a name that nobody
    // has.
    if (changed.empty()) co_await impl.store.remove(std::string(kSnapshotsPrefix) + impl.new_ulid());
    co_await impl.load_index(Index::Scope::Members);
    std::string after = co_await replace(impl, snapshot.id, std::move(tags));
    changed.push_back({snapshot.id, std::move(after)});
  }
  co_return changed;
}

}  // namespace stash::engine
