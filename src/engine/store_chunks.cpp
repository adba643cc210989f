#include "engine/store_chunks.hpp"

namespace stash::engine {

StoredChunks store_chunks(BlobWriter& blobs, BlobWriter::Lease& lease, const Chunker& chunker, ByteView data,
                          bool last) {
  StoredChunks stored;
  while (stored.used < data.size()) {
    const ByteView rest = data.subspan(stored.used);
    if (!last && rest.size() < Chunker::kMax) break;
    const std::size_t length = chunker.next_cut(rest, last);
    stored.refs.push_back(blobs.store(lease, rest.first(length)).ref);
    stored.used += length;
  }
  return stored;
}

}  // namespace stash::engine
