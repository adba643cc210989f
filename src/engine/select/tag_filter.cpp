#include "stash/engine/tag_filter.hpp"

#include <algorithm>

namespace stash::engine {

std::vector<std::string> split_tags(std::string_view list) {
  constexpr std::string_view kBlanks = " \t\r\n";
  std::vector<std::string> tags;
  for (std::size_t at = 0; at <= list.size();) {
    const std::size_t comma = std::min(list.find(',', at), list.size());
    std::string_view tag = list.substr(at, comma - at);
    tag.remove_prefix(std::min(tag.find_first_not_of(kBlanks), tag.size()));
    tags.emplace_back(tag.substr(0, tag.find_last_not_of(kBlanks) + 1));
    at = comma + 1;
  }
  return tags;
}

void TagFilter::add(std::string_view list) {
  std::vector<std::string> tags = split_tags(list);
  std::erase(tags, "");
  if (!tags.empty()) lists.push_back(std::move(tags));
}

const std::vector<std::string>* TagFilter::match(const std::vector<std::string>& tags) const {
  const auto has = [&](const std::string& tag) { return std::ranges::find(tags, tag) != tags.end(); };
  const auto list =
      std::ranges::find_if(lists, [&](const auto& all) { return std::ranges::all_of(all, has); });
  return list == lists.end() ? nullptr : &*list;
}

}  // namespace stash::engine
