#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>
#include <vector>

namespace stash::json {

/// Place in the document: a chain of stack frames, spelled out only when there is a fault to tell.
struct Path {
  const Path* parent;
  const char* key;  ///< null for an array element
  std::size_t index = 0;

  std::string str() const {
    if (!parent) return key;
    const std::string before = parent->str();
    if (!key) return fmt::format("{}[{}]", before, index);
    return before.empty() ? key : fmt::format("{}.{}", before, key);
  }
};

/// All that is wrong with a document, in table order: "spec.target.paths[1]: want a string".
using Faults = std::vector<std::string>;
inline void fault(Faults& to, const Path& at, std::string_view why) {
  to.push_back(fmt::format("{}: {}", at.str(), why));
}

}  // namespace stash::json
