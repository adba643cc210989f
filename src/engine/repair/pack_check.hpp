#pragma once

#include "engine/parallel/budget.hpp"
#include "engine/repository/repository_impl.hpp"

namespace stash::engine {

/// Reads one pack and compares it with the index: every frame opens, the footer says what the index says, and
/// every blob has the content its id was made of. Memory: some MiB of the pack at a time, taken from
/// `budget`.
///
/// `rows` is how many rows of `index` are of this pack. Returns the bytes read. Error(Corrupt) or
/// Error(Unsupported) tells what is wrong, Error(NotFound) that it is gone.
Task<std::uint64_t> check_pack_data(Repository::Impl& repository, const Index& index, Budget& budget,
                                    Index::Pack pack, std::uint64_t rows);

}  // namespace stash::engine
