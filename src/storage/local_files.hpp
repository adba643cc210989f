#pragma once

// Blocking file work of the local store. Failures are Error with the kind of the errno and the path.

#include <string>
#include <vector>

#include "stash/storage/store.hpp"

namespace stash::storage {

/// The directory that holds the entry of `path`.
std::string parent_of(const std::string& path);

/// Makes `dir` and its missing parents (0700). Returns the parents whose entries changed.
std::vector<std::string> make_dirs(const std::string& dir);

/// Writes a durable file and links it as `path` in `dir`; Error(Conflict) when the name exists.
void write_new_file(const std::string& dir, const std::string& path, const std::vector<ByteView>& parts);

Bytes read_file(const std::string& path, Range range);
std::optional<std::uint64_t> file_size(const std::string& path);
void remove_file(const std::string& path);
void sync_dir(const std::string& dir);

/// At most `limit` files below `root` whose relative names begin with `prefix` and are above `token`, in name
/// order.
ListPage list_files(const std::string& root, const std::string& prefix, const std::string& token,
                    std::size_t limit);

}  // namespace stash::storage
