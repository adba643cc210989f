#pragma once

#include <string>

#include "stash/storage/store.hpp"

namespace stash::engine {

/// Whose repository a place holds when it is not ours: "restic", "kopia" or "borg"; "" when it is none of
/// them.
Task<std::string> foreign_repository(storage::Store& store);

}  // namespace stash::engine
