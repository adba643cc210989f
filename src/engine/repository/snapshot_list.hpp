#pragma once

#include <string>
#include <vector>

#include "stash/storage/store.hpp"

namespace stash::engine {

/// Ids of the snapshots that the store has, in name order, without those marked as failed in their commit.
Task<std::vector<std::string>> list_snapshots(storage::Store& store);

}  // namespace stash::engine
