#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace stash::engine {

/// The tags in a list with commas, without the blanks around them; empty where there is nothing between two
/// commas.
std::vector<std::string> split_tags(std::string_view list);

/// Which tags a snapshot has to have: all of one of the lists, as restic understands `--tag a,b --tag c`.
struct TagFilter {
  std::vector<std::vector<std::string>> lists;

  TagFilter() {}
  /// One more list, with commas. Empty tags in it say nothing.
  void add(std::string_view list);
  bool empty() const { return lists.empty(); }
  /// The first list of which `tags` has all, or null.
  const std::vector<std::string>* match(const std::vector<std::string>& tags) const;
};

}  // namespace stash::engine
