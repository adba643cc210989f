#pragma once

#include "engine/format/pack.hpp"
#include "stash/engine/repository.hpp"

namespace stash::engine {

/// What the two ends of a stored pack tell of it.
struct StoredFooter {
  BlobKind kind = BlobKind::Data;
  std::uint64_t offset = 0;  ///< where it begins, and the frames end
  PackFooter footer;
};

/// Reads header and footer of a pack of `size` bytes: two requests, three when it has very many blobs.
/// Error(NotFound) when there is no such pack, Error(Corrupt) naming it when either end is damaged.
Task<StoredFooter> read_footer(Repository::Impl& repository, ObjectId pack, std::uint64_t size);

}  // namespace stash::engine
