#pragma once

#include "engine/format/ids.hpp"
#include "stash/engine/repository.hpp"

namespace stash::engine {

/// A snapshot with what only this room needs of it.
///
/// Stored as JSON, sealed (format/sealed.hpp) under snapshots/<ulid>. Texts that are not UTF-8 stand as
/// {"base64": "..."}; unknown members are passed over, so that later versions may add some.
struct Manifest {
  Snapshot snapshot;          ///< `id` comes from the object's name
  BlobId root;                ///< Tree blob: the top leaf or node
  std::uint64_t entries = 0;  ///< in the tree
  std::string copy_of;        ///< of a copy: id of the snapshot that was first; empty otherwise
  std::string previous;       ///< id of the snapshot before it of the same host and paths; gaps can be told
  std::string original;       ///< id of the damaged snapshot that this one was made from, or empty

  Manifest() {}
};

std::string write_manifest(const Manifest& manifest);
/// Error(Corrupt) naming the member that is wrong.
Manifest read_manifest(std::string_view json, std::string id);

}  // namespace stash::engine
