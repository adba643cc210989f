#pragma once

#include <functional>
#include <string>
#include <vector>

#include "stash/engine/progress.hpp"
#include "stash/engine/repository.hpp"

namespace stash::engine {

struct RestoreOptions {
  std::string target = "/";           ///< directory that the snapshot's absolute paths are put under
  std::vector<std::string> includes;  ///< restic's patterns; empty: everything
  std::vector<std::string> excludes;
  std::vector<std::string> iincludes;
  std::vector<std::string> iexcludes;
  bool verify = false;  ///< read every restored file again and compare ids
  bool dry_run = false;
  /// Of an existing file only the pieces that differ are fetched and written, in place: a file that a kill
  /// met is in part old and in part new, and the next run finishes it. A file that has other names, or
  /// belongs to neither its owner in the snapshot nor who restores, is written anew as without this.
  bool delta = false;
  bool sparse = true;  ///< long runs of zeros become holes
  /// Told of every entry that could not be restored, and of all metadata that could not be set, when it
  /// happens: from any thread, one call at a time. May be empty.
  std::function<void(const PathProblem&)> on_error;
  std::function<void(const PathProblem&)> on_warning;

  RestoreOptions() {}
};

/// What a restore did. `owners_kept` is false when ids could not be set (not permitted).
struct RestoreResult {
  /// files_new: written; files_changed: written in place; files_unmodified: already right.
  FileCounts counts;
  std::uint64_t bytes_written = 0;  ///< content, without holes
  std::uint64_t files_verified = 0;
  bool owners_kept = true;
  std::uint64_t errors = 0;                 ///< files that could not be restored
  std::vector<PathProblem> first_errors;    ///< at most 100
  std::uint64_t warnings = 0;               ///< metadata that could not be set
  std::vector<PathProblem> first_warnings;  ///< at most 100
  Duration duration{};

  RestoreResult() {}
  /// Count one and list it among the first.
  void add_error(const std::string& path, const std::string& what);
  void add_warning(const std::string& path, const std::string& what);
};

/// Restores one snapshot. Never follows a symlink out of the target, never writes outside it. A file appears
/// under its name only with its whole content; owners, modes, times, xattrs, ACLs, hard links, devices and
/// holes are brought back, and what could not be is listed. Throws Corrupt when stored data is damaged (after
/// restoring what can be).
Task<RestoreResult> restore(Repository& repository, const Snapshot& snapshot, RestoreOptions options,
                            Progress& progress);

}  // namespace stash::engine
