#pragma once

#include <functional>
#include <string>

#include "stash/engine/entry_type.hpp"
#include "stash/engine/repository.hpp"

namespace stash::engine {

/// One entry as `ls` and `find` show it.
struct EntryInfo {
  std::string path;  ///< raw bytes, absolute
  EntryType type = EntryType::File;
  std::uint32_t mode = 0;  ///< permission bits with setuid, setgid, sticky
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  std::string user;
  std::string group;
  std::uint64_t size = 0;
  TimePoint mtime;
  TimePoint ctime;
  TimePoint atime;
  std::uint64_t inode = 0;
  std::string link_target;

  EntryInfo() {}
};

/// Calls `visit` for each entry below `path` ("" or "/": all) in path order; stops when it gives false.
Task<void> list_entries(Repository& repository, const Snapshot& snapshot, std::string path, bool recursive,
                        std::function<bool(const EntryInfo&)> visit);

/// Writes one file's bytes, in order, through `write`. NotFound when there is no such file.
Task<void> dump_file(Repository& repository, const Snapshot& snapshot, std::string path,
                     std::function<Task<void>(ByteView)> write);

/// Writes a directory as a POSIX (pax) tar stream. Invalid, after the whole stream, when entries are not in
/// it since they could not be read when they were backed up.
Task<void> dump_tar(Repository& repository, const Snapshot& snapshot, std::string path,
                    std::function<Task<void>(ByteView)> write);

/// Differences between two snapshots, in path order; `kind` is '+', '-', 'M' (content), 'U' (metadata), 'T'
/// (type).
Task<void> diff(Repository& repository, const Snapshot& before, const Snapshot& after,
                std::function<bool(char kind, const EntryInfo&)> visit);

/// True when a restic pattern matches an absolute path (pure; src/engine/pattern.cpp).
bool pattern_matches(std::string_view pattern, std::string_view path, bool ignore_case);

}  // namespace stash::engine
