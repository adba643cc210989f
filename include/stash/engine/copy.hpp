#pragma once

#include <functional>
#include <string>
#include <vector>

#include "stash/engine/progress.hpp"
#include "stash/engine/repository.hpp"

namespace stash::engine {

/// What became of one snapshot of the source.
struct CopiedSnapshot {
  std::string source;   ///< its id there
  std::string copy;     ///< its id in the destination; empty when it could not be copied
  bool before = false;  ///< the destination had it already
  std::string problem;  ///< why it could not be copied
};

struct CopyResult {
  std::uint64_t copied = 0;
  std::uint64_t skipped = 0;       ///< were there already
  std::uint64_t failed = 0;        ///< their stored data is damaged
  std::uint64_t bytes_added = 0;   ///< raw bytes that the destination did not have
  std::uint64_t bytes_stored = 0;  ///< bytes put there

  CopyResult() {}
};

/// Copies the named snapshots of `from`, or all that match the filter when none is named, to another
/// repository, oldest first. Content keeps the cuts it has; it is read, verified, and stored under the keys
/// of the destination. A copy tells whose copy it is, so that the next run passes over it; tags that were
/// changed in the source make another snapshot. Files as in an earlier snapshot of the same host and paths
/// cost no reading. A damaged snapshot is told of and the others are copied. `visit` is called as each is
/// done.
///
/// Error(Invalid) when both are the same repository.
Task<CopyResult> copy_snapshots(Repository& from, Repository& to, std::vector<std::string> ids,
                                SnapshotFilter filter, Progress& progress,
                                std::function<void(const CopiedSnapshot&)> visit);

}  // namespace stash::engine
