#include "engine/select/selection.hpp"

#include <algorithm>

#include "engine/format/entry.hpp"
#include "engine/select/paths.hpp"

namespace stash::engine {
namespace {

/// The shortest of `path` and the directories above it that comes after `before`, which `path` does.
std::string first_step(std::string_view path, std::string_view before) {
  for (std::size_t end = path.find('/', 1); end != path.npos; end = path.find('/', end + 1))
    if (compare_paths(path.substr(0, end), before) > 0) return std::string(path.substr(0, end));
  return std::string(path);
}

}  // namespace

Selection::Selection(const std::vector<std::string>& includes, const std::vector<std::string>& iincludes,
                     const std::vector<std::string>& excludes, const std::vector<std::string>& iexcludes)
    : includes_(includes, false),
      iincludes_(iincludes, true),
      excludes_(excludes, false),
      iexcludes_(iexcludes, true) {
  std::vector<std::string> all = includes_.anchors();
  for (std::string& anchor : iincludes_.anchors()) all.push_back(std::move(anchor));
  anchors_ = outermost(std::move(all));
}

bool Selection::chosen(std::string_view path) const {
  if (excludes_.matches(path) || iexcludes_.matches(path)) return false;
  if (includes_.empty() && iincludes_.empty()) return true;
  return includes_.matches(path) || iincludes_.matches(path);
}

bool Selection::worth_visiting(std::string_view path) const {
  if (excludes_.matches(path) || iexcludes_.matches(path)) return false;
  if (includes_.empty() && iincludes_.empty()) return true;
  return includes_.may_match_below(path) || iincludes_.may_match_below(path);
}

std::optional<std::string> Selection::next_after(std::string_view path) const {
  if (anchors_.empty()) return std::nullopt;
  const auto after = std::ranges::upper_bound(
      anchors_, path, [](std::string_view a, std::string_view b) { return compare_paths(a, b) < 0; });
  if (after != anchors_.begin() && is_within(path, *std::prev(after))) return std::nullopt;
  return after == anchors_.end() ? std::string() : first_step(*after, path);
}

}  // namespace stash::engine
