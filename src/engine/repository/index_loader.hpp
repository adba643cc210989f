#pragma once

#include "engine/index/index.hpp"
#include "stash/engine/repository.hpp"

namespace stash::engine {

/// Reads every index segment into `index` and settles it: through the local file where the environment names
/// a directory for it, else into the heap. What the index answers is the same either way.
Task<void> load_segments(Repository::Impl& repository, Index& index);

}  // namespace stash::engine
