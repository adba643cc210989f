#pragma once

#include "stash/storage/store.hpp"

namespace stash::engine {

/// Puts an object under a fresh random name. A Conflict there means that an earlier attempt arrived after
/// all, which is fine when the object has our size.
Task<void> put_new(storage::Store& store, std::string name, ByteView bytes);

/// A whole object of at most `limit` bytes; Error(Corrupt) when it is longer.
Task<Bytes> get_small(storage::Store& store, std::string name, std::uint64_t limit);

}  // namespace stash::engine
