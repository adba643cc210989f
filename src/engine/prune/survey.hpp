#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "engine/repository/pack_list.hpp"
#include "engine/repository/tombs.hpp"
#include "engine/snapshot/liveness.hpp"

namespace stash::engine {

/// One pack's share of what is needed.
struct PackUse {
  std::uint64_t live = 0;    ///< raw bytes of needed blobs for which this pack is the chosen copy
  std::uint64_t raw = 0;     ///< raw bytes of all its blobs
  std::uint64_t blobs = 0;   ///< all of them
  bool needed_copy = false;  ///< condemned, and holds the only copies of needed blobs

  double dead_share() const {
    return raw == 0 ? 1.0 : static_cast<double>(raw - live) / static_cast<double>(raw);
  }
};

/// What a repository holds at one moment, for a collector (prune.cpp has the order and the reason).
struct Survey {
  Tombs tombs;
  std::vector<Manifest> manifests;
  std::shared_ptr<const LoadedIndex> loaded;
  PackSizes stored;
  std::optional<Liveness> live;
  std::vector<PackUse> use;  ///< parallel to the index's packs
  std::uint64_t lost = 0;    ///< needed blobs that the index knows, in packs that do not exist

  /// Needed blobs without a copy that we know of: a pack in no segment may hold them.
  bool misses_some() const { return live->missing() + lost > 0; }
  bool exists(const ObjectId& pack) const { return stored.contains(pack); }
  const Index& index() const { return loaded->index; }
};

/// Replaces `now`, whose memory goes first. Snapshots in `forgotten` count as gone. Error(Corrupt) when a
/// tomb, manifest or tree cannot be read, also at the third look.
Task<void> take_survey(Repository::Impl& repository, Survey& now, std::set<std::string> forgotten);

}  // namespace stash::engine
