#pragma once

#include <string>
#include <vector>

#include "stash/engine/progress.hpp"
#include "stash/engine/repository.hpp"

namespace stash::engine {

struct RepairResult {
  std::uint64_t segments_dropped = 0;  ///< index segments that could not be read
  std::uint64_t packs_added = 0;       ///< that no readable segment named
  std::uint64_t packs_forgotten = 0;   ///< that segments named and that do not exist
  std::uint64_t tombs_dropped = 0;     ///< that could not be read
  std::vector<std::string> problems;   ///< packs whose footer is damaged: at most 100
};

/// Makes the index fit the packs again: what no readable segment names is read from the ends of the packs,
/// segments that cannot be read and packs that are not there are left out. Works beside writers and
/// collectors; what was right stays as it is, and doing it twice changes nothing. Deletes no pack. With
/// `dry_run` it only tells. progress: bytes are packs.
///
/// A tomb that cannot be read gives way to one that names no pack, and then no collector may be running that
/// read it when it was whole: new writers would count on packs which that one deletes. What it condemned, and
/// still exists, counts as stored again; where that was for damage, repair_packs() condemns it again.
Task<RepairResult> repair_index(Repository& repository, bool dry_run, Progress& progress);

struct RepairPacksOptions {
  std::vector<std::string> ids;  ///< packs by id or object name; empty: every pack that the index names
  bool dry_run = false;

  RepairPacksOptions() {}
};

struct RepairPacksResult {
  std::uint64_t packs_read = 0;
  std::uint64_t packs_damaged = 0;
  std::uint64_t packs_condemned = 0;
  std::uint64_t blobs_saved = 0;      ///< blobs of damaged packs that could be read
  std::uint64_t blobs_lost = 0;       ///< of which no copy can be read anywhere
  std::vector<std::string> problems;  ///< a damaged pack each, with what it lost: at most 100

  RepairPacksResult() {}
};

/// Reads packs whole. What is good in the damaged ones goes to new packs, ids computed again, and a tomb then
/// condemns the old ones, so that a backup that meets lost content stores it again. A pack of which nothing
/// is known any more is told and left alone. Works beside writers and collectors; ended anywhere, it has lost
/// nothing. Throws NotFound or Invalid for an id that is no pack, and Conflict for one condemned already.
/// progress: bytes of packs.
Task<RepairPacksResult> repair_packs(Repository& repository, RepairPacksOptions options, Progress& progress);

struct RepairSnapshotsOptions {
  std::vector<std::string> ids;  ///< as find_snapshot() takes them; empty: all snapshots
  bool forget = false;           ///< the damaged snapshots go once the new ones are committed
  bool dry_run = false;

  RepairSnapshotsOptions() {}
};

/// What became of one damaged snapshot.
struct RepairedSnapshot {
  std::string before;
  std::string after;                ///< the new snapshot; empty after a dry run, or when nothing can be read
  std::uint64_t entries_lost = 0;   ///< in tree leaves that cannot be read
  std::uint64_t files_damaged = 0;  ///< kept as unreadable, with the content that is left
  std::vector<PathProblem> problems;  ///< the first of them: at most 20

  RepairedSnapshot() {}
};

struct RepairSnapshotsResult {
  std::uint64_t checked = 0;
  std::vector<RepairedSnapshot> damaged;
  std::vector<std::string> problems;  ///< manifests that cannot be opened, deletions that the store refused

  RepairSnapshotsResult() {}
};

/// Writes a new snapshot beside each one of which something cannot be read. A damaged leaf of the tree loses
/// its entries only. A file that lost content stays, unreadable for a restore, with what can be read in its
/// place and nothing where the rest was; the next backup reads it again. The new snapshot is not complete,
/// names what is damaged, and keeps time, host, paths, tags and links of the old one, which is never changed.
/// One that an earlier run wrote serves when it has just what can be read today. Content is believed where no
/// tomb condemns its pack: repair_packs() comes first. progress: files are snapshots.
Task<RepairSnapshotsResult> repair_snapshots(Repository& repository, RepairSnapshotsOptions options,
                                             Progress& progress);

}  // namespace stash::engine
