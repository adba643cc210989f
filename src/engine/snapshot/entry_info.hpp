#pragma once

#include <functional>

#include "engine/blobs/blob_reader.hpp"
#include "stash/engine/browse.hpp"

namespace stash::engine {

/// "/a/b" for "a/b/"; "/" for "".
std::string clean_path(std::string path);

EntryInfo info_of(const Entry& entry);

/// Writes a regular file's bytes in order, holes as zeros. The entry must outlive the call.
Task<void> write_content(BlobReader& blobs, const Entry& entry, std::function<Task<void>(ByteView)> write);

}  // namespace stash::engine
