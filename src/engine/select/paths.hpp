#pragma once

#include <string>
#include <vector>

namespace stash::engine {

/// "c" for "/a/b/c"; "" for "/".
inline std::string name_of(const std::string& path) { return path.substr(path.rfind('/') + 1); }

/// "/a/b" for "/a/b/c"; "/" for "/a" and "/".
inline std::string parent_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == 0 ? "/" : path.substr(0, slash);
}

/// In path order (compare_paths), without those that are within another.
std::vector<std::string> outermost(std::vector<std::string> paths);

}  // namespace stash::engine
