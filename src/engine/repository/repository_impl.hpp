#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "engine/format/chunker.hpp"
#include "engine/format/config.hpp"
#include "engine/format/keys.hpp"
#include "engine/format/manifest.hpp"
#include "engine/index/index.hpp"
#include "stash/base/error.hpp"
#include "stash/engine/repository.hpp"

namespace stash::engine {

/// Ending of the object that marks a snapshot as failed where it could not be deleted.
inline constexpr std::string_view kBrokenSuffix = ".broken";

/// The index and the tombs it takes into account: read before it, so that no later tomb is missed.
struct LoadedIndex {
  explicit LoadedIndex(Index::Scope scope) : index(scope) {}
  Index index;
  std::set<std::string> tombs;       ///< names of the objects under tomb/
  std::optional<Error> tomb_damage;  ///< why it is not known all that is condemned

  /// For who adds or deletes: throws tomb_damage.
  void require_tombs() const {
    if (tomb_damage) throw Error(*tomb_damage);
  }
};

/// Is told of a snapshot that cannot be read, and why.
using OnDamaged = std::function<void(const std::string& id, const Error& why)>;

/// Tells of it in the log.
void pass_over(const std::string& id, const Error& why);

/// An open repository from inside the room. Control thread; keys and chunker on any.
struct Repository::Impl {
  Impl(storage::Store& s, Environment e, Config c, Keys k, std::string slot);

  storage::Store& store;
  Environment environment;
  Config config;
  Keys keys;
  Chunker chunker;
  std::string slot;         ///< id of the key slot that opened it
  std::uint64_t tree_seed;  ///< for TreeWriter

  /// Loads index and tombs unless they are there with at least this scope. Operations call it first.
  Task<void> load_index(Index::Scope scope);
  /// Loads them anew: objects moved while we worked.
  Task<void> reload_index();
  /// A fresh index that counts these packs as condemned, whatever the tombs say.
  Task<std::shared_ptr<const LoadedIndex>> read_index(Index::Scope scope, std::vector<ObjectId> condemned);
  /// Segments were added or removed: the next load_index() loads anew.
  void index_is_old() { index_is_old_ = true; }
  /// What load_index() loaded; immutable, so holders keep theirs over a reload. Error(Internal) before.
  std::shared_ptr<const LoadedIndex> loaded() const;
  const Index& index() const { return loaded()->index; }

  /// Manifests in name order, but for snapshots marked broken or forgotten since they were listed. Of one
  /// that cannot be opened `on_damaged` is told; without it that is thrown, naming it: who deletes what no
  /// snapshot needs has to know them all.
  Task<std::vector<Manifest>> manifests(OnDamaged on_damaged = {});
  /// The same of these snapshots.
  Task<std::vector<Manifest>> manifests_of(std::vector<std::string> ids, OnDamaged on_damaged = {});
  Task<Manifest> manifest(std::string id);
  std::string new_ulid();
  std::string new_segment_name();

  /// Error(NotFound) when there is no such snapshot.
  Task<void> remove_snapshot(std::string id);
  /// manifest() asks the store for this one again.
  void forget_manifest(const std::string& id) { known_manifests_.erase(id); }

 private:
  std::shared_ptr<const LoadedIndex> index_;
  bool index_is_old_ = false;
  std::map<std::string, Manifest> known_manifests_;  ///< they never change
};

}  // namespace stash::engine
