// A forget deletes the manifest, a prune the packs. Where the store keeps what was deleted, both can be read
// still. They are not put back: a pack that a tomb named is gone for good, whoever sees it again, and the
// snapshot may be one that others have counted as gone. A new snapshot is made instead, of copies.

#include <algorithm>

#include "engine/blobs/blob_writer.hpp"
#include "engine/format/sealed.hpp"
#include "engine/repair/overlay_store.hpp"
#include "engine/repair/rebuild.hpp"
#include "engine/repository/damage.hpp"
#include "engine/repository/snapshot_list.hpp"
#include "engine/repository/store_io.hpp"
#include "engine/snapshot/commit.hpp"
#include "stash/base/log.hpp"
#include "stash/engine/recover.hpp"

namespace stash::engine {
namespace {

constexpr std::uint64_t kMaxManifest = 16u << 20;
constexpr std::size_t kMinPrefix = 4;

Task<std::optional<Manifest>> read_removed(Repository::Impl& repository, storage::Store& removed,
                                           std::string id) {
  const std::string name = std::string(kSnapshotsPrefix) + id;
  try {
    const Bytes sealed = co_await get_small(removed, name, kMaxManifest);
    const Bytes plain = open_object(repository.keys, kSnapshotMagic, name, sealed);
    co_return read_manifest(as_text(plain), id);
  } catch (const Error& e) {
    if (!is_damage(e) && e.kind() != ErrorKind::NotFound) throw;
    log::warn("a forgotten snapshot cannot be read", {{"snapshot", id}, {"error", e.what()}});
  }
  co_return std::nullopt;
}

/// By their time. Those that are marked broken failed in their commit, and nobody forgot them.
Task<std::vector<Manifest>> forgotten(Repository::Impl& repository, storage::Store& removed) {
  std::vector<Manifest> manifests;
  for (const std::string& id : co_await list_snapshots(removed)) {
    auto manifest = co_await read_removed(repository, removed, id);
    if (manifest) manifests.push_back(std::move(*manifest));
  }
  std::ranges::stable_sort(manifests, {}, [](const Manifest& m) { return m.snapshot.start; });
  co_return manifests;
}

const Manifest& find(const std::vector<Manifest>& manifests, const std::string& id) {
  const Manifest* found = nullptr;
  for (const Manifest& manifest : manifests) {
    const std::string& full = manifest.snapshot.id;
    const bool matches =
        full == id || (id.size() >= kMinPrefix && (full.starts_with(id) || full.ends_with(id)));
    if (!matches) continue;
    if (found) throw Error(ErrorKind::Invalid, "{} could be {} or {}", id, found->snapshot.id, full);
    found = &manifest;
  }
  if (!found) throw Error(ErrorKind::NotFound, "there is no forgotten snapshot {} that the store keeps", id);
  return *found;
}

Task<void> write_again(Repository::Impl& repository, Rebuild& rebuild, BlobWriter& writer,
                       const Manifest& before, ForgottenSnapshot& told) {
  const Rebuilt made = co_await rebuild.run(before.root, before.entries, &writer);
  Manifest manifest = describe_rebuilt(before, made);
  const Manifest committed = co_await commit(repository, writer, std::move(manifest));
  told.after = committed.snapshot.id;
  told.entries_lost = made.entries_lost;
  told.files_damaged = made.files_damaged;
}

Task<ForgottenSnapshot> bring_back(Repository::Impl& repository, Rebuild& rebuild, const Manifest& before) {
  ForgottenSnapshot told;
  told.snapshot = before.snapshot;
  co_await rebuild.look();
  const auto known = co_await rebuild.known_to_writer();
  Progress unseen;
  co_await write_session(
      repository, unseen,
      [&](BlobWriter& writer) { return write_again(repository, rebuild, writer, before, told); }, known);
  co_return told;
}

}  // namespace

Task<std::vector<ForgottenSnapshot>> undelete(Repository& repository, storage::Store& removed,
                                              std::vector<std::string> ids) {
  Repository::Impl& impl = repository.impl();
  if (!ids.empty()) impl.config.require_writable();
  const std::vector<Manifest> manifests = co_await forgotten(impl, removed);
  std::vector<ForgottenSnapshot> told;
  if (ids.empty()) {
    for (const Manifest& manifest : manifests) told.emplace_back().snapshot = manifest.snapshot;
    co_return told;
  }
  std::vector<const Manifest*> chosen;
  for (const std::string& id : ids) {
    const Manifest& manifest = find(manifests, id);
    if (std::ranges::count(chosen, &manifest) == 0) chosen.push_back(&manifest);
  }
  OverlayStore all(impl.store, removed);
  Repository::Impl before(all, impl.environment, impl.config, Keys(impl.keys.master(), impl.config.id),
                          impl.slot);
  Rebuild rebuild(before, impl);
  for (const Manifest* manifest : chosen) {
    ForgottenSnapshot one = co_await bring_back(impl, rebuild, *manifest);
    told.push_back(std::move(one));
  }
  co_return told;
}

}  // namespace stash::engine
