#pragma once

#include <string>
#include <vector>

#include "stash/engine/repository.hpp"

namespace stash::engine {

enum class UsageBy { Host, Path };

/// What the snapshots of one host, or of one set of paths, have in a repository.
struct Usage {
  std::string host;                ///< by host
  std::vector<std::string> paths;  ///< by path
  std::uint64_t snapshots = 0;
  std::uint64_t restore_bytes = 0;  ///< what restoring each of them would write
  std::uint64_t unique_bytes = 0;   ///< the blobs they need, each counted once, before compression
  std::uint64_t blobs = 0;          ///< how many these are
};

/// The chosen snapshots, group by group. Groups share blobs: their sum may be more than the repository holds.
/// One bit a blob in memory beside the index. Error(Corrupt) when a tree cannot be read.
Task<std::vector<Usage>> usage(Repository& repository, SnapshotFilter filter, UsageBy by);

}  // namespace stash::engine
