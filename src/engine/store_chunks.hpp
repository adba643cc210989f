#pragma once

#include <vector>

#include "engine/blob_writer.hpp"
#include "engine/chunker.hpp"

namespace stash::engine {

struct StoredChunks {
  std::vector<BlobRef> refs;
  std::size_t used = 0;  ///< bytes at the front of the data
};

/// Cuts `data` into chunks and stores them under `lease`; what follows the last certain cut stays unless
/// `last`. Any thread.
StoredChunks store_chunks(BlobWriter& blobs, BlobWriter::Lease& lease, const Chunker& chunker, ByteView data,
                          bool last);

}  // namespace stash::engine
