#pragma once

#include "engine/blobs/blob_writer.hpp"
#include "engine/repository/repository_impl.hpp"

namespace stash::engine {

/// The commit of a backup: flushes and syncs `blobs`, puts the manifest, syncs, reads it back, and looks
/// again for tombs: blobs of this snapshot that a collector condemned meanwhile are copied to new packs
/// until a look shows no new tomb. Sets snapshot.id, and adds what `blobs` stored to what the snapshot added.
/// When this throws, no snapshot is visible, or it is marked broken where the store does not let us delete.
Task<Manifest> commit(Repository::Impl& repository, BlobWriter& blobs, Manifest manifest);

}  // namespace stash::engine
