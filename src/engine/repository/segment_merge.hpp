#pragma once

#include <unordered_set>

#include "engine/format/ids.hpp"
#include "stash/engine/repository.hpp"

namespace stash::engine {

using PackSet = std::unordered_set<ObjectId, ObjectIdHash>;

/// Writes again, without the packs of `gone`, every index segment that names one; merges the small segments
/// when there are many. A reader that sees old segments, new ones or both gets the same answer. Safe beside
/// writers and other collectors: only segments that were read are replaced, and only packs of `gone` are left
/// out. Error(Denied) before anything changes where the store lets nothing be deleted.
Task<void> rewrite_segments(Repository::Impl& repository, PackSet gone);

}  // namespace stash::engine
