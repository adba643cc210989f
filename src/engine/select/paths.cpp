#include "engine/select/paths.hpp"

#include <algorithm>

#include "engine/format/entry.hpp"

namespace stash::engine {

std::vector<std::string> outermost(std::vector<std::string> paths) {
  std::ranges::sort(paths, [](const auto& a, const auto& b) { return compare_paths(a, b) < 0; });
  std::vector<std::string> kept;
  for (std::string& path : paths)
    if (kept.empty() || !is_within(path, kept.back())) kept.push_back(std::move(path));
  return kept;
}

}  // namespace stash::engine
