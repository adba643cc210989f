#pragma once

#include <unordered_map>

#include "engine/format/ids.hpp"
#include "stash/storage/store.hpp"

namespace stash::engine {

using PackSizes = std::unordered_map<ObjectId, std::uint64_t, ObjectIdHash>;

/// The packs that the store has, with their sizes.
Task<PackSizes> list_packs(storage::Store& store);

}  // namespace stash::engine
