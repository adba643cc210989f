#pragma once

#include <cstdint>

#include "stash/storage/store.hpp"

namespace stash::engine {

/// Deletes the repository at this store and returns how many objects that were: its snapshots first, its
/// config last, so that what was interrupted is known for a repository and can be gone on with. Whatever else
/// lies at the address stays. No password is needed. Without a repository there is nothing to do. Throws
/// Error(Unsupported) when it is another tool's.
Task<std::uint64_t> remove_repository(storage::Store& store);

}  // namespace stash::engine
