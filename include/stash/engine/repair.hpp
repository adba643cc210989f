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
  std::vector<std::string> problems;   ///< packs whose footer is damaged: at most 100
};

/// Makes the index fit the packs again: what no readable segment names is read from the ends of the packs,
/// segments that cannot be read and packs that are not there are left out. Works beside writers and
/// collectors; what was right stays as it is, and doing it twice changes nothing. Deletes no pack. With
/// `dry_run` it only tells. progress: bytes are packs.
Task<RepairResult> repair_index(Repository& repository, bool dry_run, Progress& progress);

}  // namespace stash::engine
