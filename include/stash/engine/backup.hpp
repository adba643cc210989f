#pragma once

#include <functional>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "stash/engine/progress.hpp"
#include "stash/engine/repository.hpp"

namespace stash::engine {

struct BackupOptions {
  std::vector<std::string> paths;  ///< absolute after normalisation; all of them go in ONE snapshot
  std::string host;
  std::vector<std::string> tags;
  std::vector<std::string>
      excludes;  ///< restic's patterns: absolute, or names and globs anywhere, `**`, leading `!` negates
  std::vector<std::string> iexcludes;  ///< the same without regard to case
  bool exclude_caches = false;         ///< leave out the contents of directories with a CACHEDIR.TAG
  bool one_file_system = false;
  bool ignore_inode = false;
  bool ignore_ctime = false;
  bool force = false;  ///< read every file again, whatever the parent says
  bool with_atime = false;
  bool dry_run = false;      ///< walk and count only; nothing is written
  bool allow_empty = false;  ///< a missing or empty path is not a failure
  std::string parent;        ///< snapshot id; empty: the latest complete one of the same host and paths
  std::map<std::string, std::string> source;

  BackupOptions() {}
};

/// What a backup did; `snapshot.id` is empty after a dry run.
struct BackupResult {
  Snapshot snapshot;
  Duration duration{};
  std::uint64_t blobs_new = 0;
  std::uint64_t changed_while_read =
      0;  ///< files that did not hold still: kept as read, read again next time
  std::vector<PathProblem> first_changed;  ///< at most 20 of them

  BackupResult() {}
};

/// Walks, stores and commits one snapshot. On return the manifest is durable, was read back, and its entry
/// count equals what the walk counted. Unreadable entries make it `complete == false`, they do not throw; a
/// missing or empty path throws NotFound or Invalid unless allow_empty. Cancelled or failed: no snapshot is
/// visible.
Task<BackupResult> backup(Repository& repository, BackupOptions options, Progress& progress);

/// Backs up one stream as a single file named `name`. `read` is a coroutine function that fills a buffer and
/// gives 0 at the end; when it throws no snapshot is made.
Task<BackupResult> backup_stream(Repository& repository, BackupOptions options, std::string name,
                                 std::function<Task<std::size_t>(std::span<std::byte>)> read,
                                 Progress& progress);

}  // namespace stash::engine
