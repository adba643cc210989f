#pragma once

#include <string>
#include <vector>

#include "stash/engine/progress.hpp"
#include "stash/engine/repository.hpp"

namespace stash::engine {

struct CheckOptions {
  bool read_data = false;        ///< unseal every frame and compute every id again
  double read_data_share = 1.0;  ///< with read_data: this share of packs, chosen at random

  CheckOptions() {}
};

struct CheckResult {
  std::uint64_t snapshots = 0;
  std::uint64_t packs = 0;
  std::uint64_t blobs = 0;
  std::uint64_t bytes_read = 0;
  std::uint64_t unused_packs = 0;   ///< not an error: left by an interrupted run
  std::vector<std::string> errors;  ///< empty: the repository is sound

  CheckResult() {}
  bool ok() const { return errors.empty(); }
};

/// Verifies that every snapshot's tree is whole and every blob it names lies inside a pack that exists with
/// the right size; with read_data also the bytes.
Task<CheckResult> check(Repository& repository, CheckOptions options, Progress& progress);

struct StatsResult {
  std::uint64_t snapshots = 0;
  std::uint64_t files = 0;          ///< over all chosen snapshots
  std::uint64_t restore_bytes = 0;  ///< what restoring each of them would write
  std::uint64_t stored_bytes = 0;   ///< all objects of the repository
  std::uint64_t raw_bytes = 0;      ///< unique blobs before compression
  std::uint64_t blobs = 0;
  std::uint64_t packs = 0;

  StatsResult() {}
};

Task<StatsResult> stats(Repository& repository, SnapshotFilter filter);

}  // namespace stash::engine
