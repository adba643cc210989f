#pragma once

#include <string>
#include <vector>

#include "stash/engine/progress.hpp"
#include "stash/engine/repository.hpp"

namespace stash::engine {

/// A tree in the packs that no snapshot names: a forgotten snapshot's, as long as its packs are there, or
/// what an interrupted backup or a prune left of one.
struct LostTree {
  std::string id;     ///< of its root: 64 hexadecimal digits
  TimePoint made;     ///< when the pack was made that holds the root
  std::string first;  ///< path of its first entry
  std::uint64_t entries = 0;
  std::uint64_t bytes = 0;  ///< sum of the sizes of its files
};

struct RecoverOptions {
  std::vector<std::string> ids;  ///< beginnings of at least 4 digits, or "all"; empty: only list the trees
  std::string host = "recovered";

  RecoverOptions() {}
};

struct RecoverResult {
  std::vector<LostTree> trees;      ///< newest first
  std::vector<Snapshot> snapshots;  ///< made of the chosen ones

  RecoverResult() {}
};

/// Looks for lost trees in all tree packs, and makes a new snapshot of each chosen one, with the tag
/// "recovered". What it needs of condemned packs is copied; what cannot be read any more is left out and
/// named in the snapshot. Host, paths and tags of the lost snapshot are in no tree, and it may have lacked
/// files: the new one is never complete. Throws NotFound or Invalid for an id that is no lost tree, or
/// several. progress: bytes of tree packs.
Task<RecoverResult> recover(Repository& repository, RecoverOptions options, Progress& progress);

/// A forgotten snapshot of which the store keeps the manifest.
struct ForgottenSnapshot {
  Snapshot snapshot;
  std::string after;               ///< id of the snapshot that brings it back
  std::uint64_t entries_lost = 0;  ///< of it
  std::uint64_t files_damaged = 0;

  ForgottenSnapshot() {}
};

/// Brings forgotten snapshots back from a store that keeps what was removed. `removed` holds those objects
/// (storage::open_removed()); nothing is written there. Without ids it lists the forgotten snapshots, oldest
/// first; else it gives the named ones (full ids, or unique endings or beginnings of at least 4 characters)
/// under new ids: what they need of removed and of condemned packs is copied, and what is not there any more
/// is left out and named, the snapshot then not being complete. Throws NotFound, Invalid.
Task<std::vector<ForgottenSnapshot>> undelete(Repository& repository, storage::Store& removed,
                                              std::vector<std::string> ids);

}  // namespace stash::engine
