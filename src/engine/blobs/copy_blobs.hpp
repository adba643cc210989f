#pragma once

#include <vector>

#include "engine/blobs/blob_writer.hpp"
#include "engine/index/index.hpp"
#include "engine/repository/segment_merge.hpp"

namespace stash::engine {

/// Stores the blobs of these rows of `index` once more, through a writer for which their packs do not count.
/// Reads neighbours at once, several runs at a time; a sixth of the memory budget at most. A pack that is
/// gone is passed over: another collector deleted it and has seen copies of all that was needed of it.
/// Error(Corrupt) names the pack of which a frame or a blob is not what the index says; with `damaged` its
/// pack is put there instead, and the other frames are copied all the same.
Task<void> copy_blobs(Repository::Impl& repository, const Index& index, BlobKind kind,
                      std::vector<Index::Row> rows, BlobWriter& writer, PackSet* damaged = nullptr);

}  // namespace stash::engine
