#pragma once

#include <vector>

#include "engine/index/index.hpp"
#include "stash/base/random.hpp"
#include "stash/engine/check.hpp"

namespace stash::engine {

/// The packs of `packs` that belong to a subset. Only the parts of a PackPart are the same every time.
std::vector<const Index::Pack*> choose_packs(std::vector<const Index::Pack*> packs, const PackSubset& subset,
                                             Random& random);

}  // namespace stash::engine
