#pragma once

#include <functional>
#include <string>
#include <vector>

#include "stash/engine/browse.hpp"
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
  /// Of an existing file only the pieces that differ are fetched and written, in place: a file that a kill
  /// met is in part old and in part new, and the next run finishes it. A file that has other names, or
  /// belongs to neither its owner in the snapshot nor who restores, is written anew as without this.
  bool delta = false;
  /// Return once what was restored outlasts a loss of power. By default the system writes it when it likes,
  /// as after any copy.
  bool durable = false;
  bool sparse = true;  ///< long runs of zeros become holes
  /// Told of every entry that could not be restored, and of all metadata and hard links that could not be
  /// set, when it happens: from any thread, one call at a time. May be empty.
  std::function<void(const PathProblem&)> on_error;
  std::function<void(const PathProblem&)> on_warning;

  RestoreOptions() {}
};

/// What a preview tells of a restore, in entries.
struct RestoreChanges {
  std::uint64_t created = 0;    ///< '+'
  std::uint64_t rewritten = 0;  ///< 'M' and 'T'
  std::uint64_t metadata = 0;   ///< 'U'
  std::uint64_t unchanged = 0;  ///< '='
};

/// What a restore did. `owners_kept` is false when ids could not be set (not permitted).
struct RestoreResult {
  /// files_new: written; files_changed: written in place; files_unmodified: already right.
  FileCounts counts;
  RestoreChanges changes;           ///< only of a preview
  std::uint64_t bytes_written = 0;  ///< content, without holes
  std::uint64_t files_verified = 0;
  bool owners_kept = true;
  std::uint64_t errors = 0;               ///< files that could not be restored
  std::vector<PathProblem> first_errors;  ///< at most 100
  std::uint64_t warnings = 0;  ///< metadata that could not be set, names that are no links any more
  std::vector<PathProblem> first_warnings;  ///< at most 100
  Duration duration{};

  RestoreResult() {}
  /// Count one and list it among the first.
  void add_error(const std::string& path, const std::string& what);
  void add_warning(const std::string& path, const std::string& what);
};

/// Restores one snapshot. Never follows a symlink out of the target, never writes outside it. A file appears
/// under its name only with its whole content; owners, modes, times, xattrs, ACLs, hard links, devices and
/// holes are brought back, and what could not be is listed; a hard link that the target cannot have becomes a
/// file of its own. Throws Corrupt when stored data is damaged (after restoring what can be).
Task<RestoreResult> restore(Repository& repository, const Snapshot& snapshot, RestoreOptions options,
                            Progress& progress);

/// '+': would be created. 'M': its content would be rewritten. 'T': something of another sort is in its place
/// and would give way. 'U': only metadata would be set.
using ChangeVisitor = std::function<void(char kind, const EntryInfo& entry)>;

/// What restore() would do with the target as it is now, in path order; entries that are right already are
/// only counted. Reads the target, with `verify` and `delta` also the content of files, and writes nothing.
/// `bytes_written` of the result is the content of files that would be rewritten, of which `delta` may write
/// less. An entry that cannot be told of is an error.
Task<RestoreResult> preview_restore(Repository& repository, const Snapshot& snapshot, RestoreOptions options,
                                    Progress& progress, ChangeVisitor visit);

}  // namespace stash::engine
