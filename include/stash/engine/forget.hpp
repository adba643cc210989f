#pragma once

#include <set>
#include <string>
#include <vector>

#include "stash/engine/repository.hpp"

namespace stash::engine {

/// Buckets as restic counts them; 0 means unused.
struct KeepPolicy {
  std::int64_t last = 0;
  std::int64_t hourly = 0;
  std::int64_t daily = 0;
  std::int64_t weekly = 0;  ///< ISO weeks
  std::int64_t monthly = 0;
  std::int64_t yearly = 0;
  TagFilter tags;
  Duration within{};  ///< 0: unused

  bool empty() const;  ///< true: keeps everything
};

struct KeepDecision {
  Snapshot snapshot;
  bool keep = true;
  std::vector<std::string> reasons;  ///< "last snapshot", "daily snapshot" ...

  KeepDecision() {}
};

/// Pure: decides for each snapshot, grouped by host and paths. A snapshot dated after `now` is kept; the last
/// complete one of a group is always kept.
std::vector<KeepDecision> decide(std::vector<Snapshot> snapshots, const KeepPolicy& policy, TimePoint now);

struct ForgetOptions {
  KeepPolicy policy;
  /// Forget exactly these instead of applying the policy: as find_snapshot() takes them, and the whole id of
  /// one that cannot be read. A policy passes over those.
  std::vector<std::string> ids;
  SnapshotFilter filter;
  bool prune = false;
  bool dry_run = false;

  ForgetOptions() {}
};

/// What the store refused to delete: credentials that may only append, a retention, a legal hold. It stays as
/// it is, and a later run tries again.
struct Refusals {
  std::uint64_t objects = 0;
  std::uint64_t bytes = 0;
  std::string
      first;  ///< the refusal of the first of them, with its name and until when, where the store tells

  Refusals() {}
};

struct PruneResult {
  std::uint64_t packs_deleted = 0;
  std::uint64_t packs_condemned = 0;
  std::uint64_t packs_rewritten = 0;
  std::uint64_t bytes_freed = 0;
  std::uint64_t bytes_waiting = 0;  ///< condemned, freed by a later prune after the grace time
  std::uint64_t packs_damaged = 0;  ///< condemned, and stay: what snapshots need of them cannot be read
  Refusals refused;                 ///< the bytes are of packs

  PruneResult() {}
};

struct ForgetResult {
  std::vector<KeepDecision> decisions;
  std::uint64_t kept = 0;
  std::uint64_t removed = 0;
  Refusals refused;  ///< snapshots, which are in neither count
  PruneResult prune;

  ForgetResult() {}
};

Task<ForgetResult> forget(Repository& repository, ForgetOptions options);

struct PruneOptions {
  Duration grace = std::chrono::hours(24);  ///< between condemning a pack and deleting it
  Duration young = std::chrono::hours(48);  ///< packs younger than this are not condemned
  double max_unused = 0.05;                 ///< share of dead bytes that may stay

  PruneOptions() {}
};

/// Two-phase collection without locks: condemns dead packs in a tomb, deletes those condemned long enough ago
/// that are still unused. Safe beside any number of backups and other prunes. Error(Corrupt or Unsupported)
/// that names a snapshot which cannot be read, before it changes anything: nobody knows what that needs.
Task<PruneResult> prune(Repository& repository, PruneOptions options);

/// What a prune would do once the snapshots with these ids were forgotten. Changes nothing; errors as
/// prune().
Task<PruneResult> foresee_prune(Repository& repository, PruneOptions options,
                                std::set<std::string> forgotten);

}  // namespace stash::engine
