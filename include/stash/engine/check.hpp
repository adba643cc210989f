#pragma once

#include <string>
#include <variant>
#include <vector>

#include "stash/engine/progress.hpp"
#include "stash/engine/repository.hpp"

namespace stash::engine {

/// Part number `part` (from 1) of `parts`: each pack is always in the same one, so that `parts` runs read
/// all.
struct PackPart {
  std::uint32_t part = 1;
  std::uint32_t parts = 1;
};
/// A share of the packs, from 0 to 1, drawn at random.
struct PackShare {
  double share = 1;
};
/// Packs drawn at random until they have this many bytes.
struct PackBytes {
  std::uint64_t bytes = 0;
};
/// Which packs a check reads; monostate: all of them.
using PackSubset = std::variant<std::monostate, PackPart, PackShare, PackBytes>;

struct CheckOptions {
  bool read_data = false;  ///< unseal every frame and compute every id again
  PackSubset subset;       ///< with read_data: of these packs

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
