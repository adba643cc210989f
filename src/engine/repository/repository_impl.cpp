#include "engine/repository/repository_impl.hpp"

#include "engine/format/sealed.hpp"
#include "engine/parallel/each_parallel.hpp"
#include "engine/repository/damage.hpp"
#include "engine/repository/index_loader.hpp"
#include "engine/repository/snapshot_list.hpp"
#include "engine/repository/store_io.hpp"
#include "engine/repository/tombs.hpp"
#include "stash/base/log.hpp"

namespace stash::engine {
namespace {

constexpr std::uint64_t kMaxManifest = 16u << 20;
constexpr std::size_t kReadsAtOnce = 8;

}  // namespace

Repository::Impl::Impl(storage::Store& s, Environment e, Config c, Keys k, std::string slot_id)
    : store(s),
      environment(e),
      config(std::move(c)),
      keys(std::move(k)),
      chunker(keys.chunker()),
      slot(std::move(slot_id)),
      tree_seed(keys.tree_seed()) {}

std::string Repository::Impl::new_ulid() { return make_ulid(environment.timers.now(), environment.random); }

std::shared_ptr<const LoadedIndex> Repository::Impl::loaded() const {
  if (!index_) throw Error(ErrorKind::Internal, "the index is not loaded");
  return index_;
}

std::string Repository::Impl::new_segment_name() {
  return std::string(kIndexPrefix) + ObjectId::make_dated(environment.random, environment.timers.now()).hex();
}

Task<void> Repository::Impl::load_index(Index::Scope scope) {
  const bool enough =
      index_ && (scope == Index::Scope::Members || index_->index.scope() == Index::Scope::Places);
  if (enough && !index_is_old_) co_return;
  index_is_old_ = false;
  std::vector<ObjectId> none;
  index_ = co_await read_index(scope, std::move(none));
}

Task<std::shared_ptr<const LoadedIndex>> Repository::Impl::read_index(Index::Scope scope,
                                                                      std::vector<ObjectId> condemned) {
  auto fresh = std::make_shared<LoadedIndex>(scope);
  // Tombs first: a tomb published later than this is met by commit().
  const Tombs tombs = co_await read_tombs(*this);
  fresh->tombs = tombs.names;
  fresh->tomb_damage = tombs.damage;
  for (const ObjectId& pack : tombs.condemned()) fresh->index.condemn(pack);
  for (const ObjectId& pack : condemned) fresh->index.condemn(pack);
  co_await load_segments(*this, fresh->index);
  co_return fresh;
}

Task<void> Repository::Impl::reload_index() {
  const Index::Scope scope = loaded()->index.scope();
  index_is_old_ = true;
  co_await load_index(scope);
}

Task<Manifest> Repository::Impl::manifest(std::string id) {
  const auto known = known_manifests_.find(id);
  if (known != known_manifests_.end()) co_return known->second;
  const std::string name = std::string(kSnapshotsPrefix) + id;
  const Bytes sealed = co_await get_small(store, name, kMaxManifest);
  const Bytes plain = open_object(keys, kSnapshotMagic, name, sealed);
  Manifest manifest = read_manifest(as_text(plain), id);
  known_manifests_.emplace(id, manifest);
  co_return manifest;
}

namespace {

/// One that was forgotten since it was listed is no error.
Task<void> find_manifest(Repository::Impl& repository, std::string id, const OnDamaged& on_damaged,
                         std::optional<Manifest>& into) {
  try {
    into = co_await repository.manifest(id);
  } catch (const Error& e) {
    const bool told = on_damaged && is_damage(e);
    if (told) on_damaged(id, e);
    if (!told && e.kind() != ErrorKind::NotFound) throw;
  }
}

}  // namespace

void pass_over(const std::string& id, const Error& why) {
  const std::string advice =
      fmt::format("stash recover may bring its files back, stash forget {} removes it", id);
  log::warn("a snapshot that cannot be read is passed over",
            {{"snapshot", id}, {"error", why.what()}, {"advice", advice}});
}

Task<std::vector<Manifest>> Repository::Impl::manifests(OnDamaged on_damaged) {
  std::vector<std::string> ids = co_await list_snapshots(store);
  co_return co_await manifests_of(std::move(ids), std::move(on_damaged));
}

Task<std::vector<Manifest>> Repository::Impl::manifests_of(std::vector<std::string> ids,
                                                           OnDamaged on_damaged) {
  std::vector<std::optional<Manifest>> found(ids.size());
  co_await each_parallel(ids.size(), kReadsAtOnce,
                         [&](std::size_t i) { return find_manifest(*this, ids[i], on_damaged, found[i]); });
  std::vector<Manifest> manifests;
  for (auto& manifest : found)
    if (manifest) manifests.push_back(std::move(*manifest));
  co_return manifests;
}

Task<void> Repository::Impl::remove_snapshot(std::string id) {
  config.require_writable();
  const std::string name = std::string(kSnapshotsPrefix) + id;
  const auto size = co_await store.size(name);
  if (!size) throw Error(ErrorKind::NotFound, "there is no snapshot {}", id);
  co_await store.remove(name);
  co_await store.sync();
  forget_manifest(id);
}

}  // namespace stash::engine
