#include "engine/select/pattern.hpp"

#include <algorithm>
#include <optional>
#include <span>

#include "stash/base/error.hpp"
#include "stash/engine/browse.hpp"

namespace stash::engine {
namespace {

constexpr std::string_view kAnyDepth = "**";

/// Length of the character at the front: a whole UTF-8 sequence, or one byte when it is none.
std::size_t character_length(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text[0]);
  std::size_t length = 1;
  if (lead >= 0xf0 && lead < 0xf8)
    length = 4;
  else if (lead >= 0xe0)
    length = 3;
  else if (lead >= 0xc2)
    length = 2;
  if (length == 1 || lead >= 0xf8 || length > text.size()) return 1;
  for (std::size_t i = 1; i < length; ++i)
    if ((static_cast<unsigned char>(text[i]) & 0xc0) != 0x80) return 1;
  return length;
}

/// One character of a class, after its escape; nothing when the class ends inside it.
std::optional<std::string_view> class_character(std::string_view glob, std::size_t& at) {
  if (at < glob.size() && glob[at] == '\\') ++at;
  if (at >= glob.size()) return std::nullopt;
  const std::string_view character = glob.substr(at, character_length(glob.substr(at)));
  at += character.size();
  return character;
}

struct ClassResult {
  std::size_t end = 0;  ///< behind the closing bracket; 0: the class is not closed
  bool matched = false;
};

/// Reads the class that begins at glob[0] == '['. Characters of equal length compare as their code points do.
ClassResult match_class(std::string_view glob, std::string_view character) {
  const auto not_above = [](std::string_view a, std::string_view b) {
    return a.size() != b.size() ? a.size() < b.size() : a <= b;
  };
  std::size_t at = 1;
  const bool negated = at < glob.size() && glob[at] == '^';
  if (negated) ++at;
  bool inside = false;
  for (bool first = true; at < glob.size() && (first || glob[at] != ']'); first = false) {
    const auto low = class_character(glob, at);
    if (!low) return {};
    auto high = low;
    if (at + 1 < glob.size() && glob[at] == '-' && glob[at + 1] != ']') {
      ++at;
      high = class_character(glob, at);
      if (!high) return {};
    }
    inside = inside || (not_above(*low, character) && not_above(character, *high));
  }
  if (at >= glob.size()) return {};
  return {at + 1, inside != negated};
}

/// Matches one path component. Backtracks to the last star only, so the time is at most |glob| * |name|.
bool component_matches(std::string_view glob, std::string_view name) {
  std::size_t g = 0;
  std::size_t n = 0;
  std::size_t star = std::string_view::npos;
  std::size_t star_name = 0;
  while (n < name.size()) {
    const std::size_t length = character_length(name.substr(n));
    bool hit = false;
    std::size_t next = g;
    if (g < glob.size()) {
      switch (glob[g]) {
        case '*':
          star = g++;
          star_name = n;
          continue;
        case '?':
          hit = true;
          next = g + 1;
          break;
        case '[': {
          const ClassResult result = match_class(glob.substr(g), name.substr(n, length));
          hit = result.matched;
          next = g + result.end;
          break;
        }
        case '\\':
        default: {
          const std::size_t literal = glob[g] == '\\' ? g + 1 : g;
          hit = literal < glob.size() && glob[literal] == name[n];
          next = literal + 1;
          if (hit) {
            g = next;
            ++n;
            continue;
          }
        }
      }
    }
    if (hit) {
      g = next;
      n += length;
    } else if (star != std::string_view::npos) {
      star_name += character_length(name.substr(star_name));
      n = star_name;
      g = star + 1;
    } else {
      return false;
    }
  }
  while (g < glob.size() && glob[g] == '*') ++g;
  return g == glob.size();
}

bool well_formed(std::string_view glob) {
  for (std::size_t g = 0; g < glob.size(); ++g) {
    if (glob[g] == '\\') {
      if (++g == glob.size()) return false;
    } else if (glob[g] == '[') {
      const ClassResult result = match_class(glob.substr(g), "x");
      if (result.end == 0) return false;
      g += result.end - 1;
    }
  }
  return true;
}

/// Components of a path; empty ones and "." fall away, ".." takes back the one before it.
template <class Part>
std::vector<Part> split(std::string_view path) {
  std::vector<Part> parts;
  while (!path.empty()) {
    const std::size_t slash = std::min(path.find('/'), path.size());
    const std::string_view part = path.substr(0, slash);
    path.remove_prefix(std::min(slash + 1, path.size()));
    if (part.empty() || part == ".") continue;
    if (part == ".." && !parts.empty())
      parts.pop_back();
    else
      parts.emplace_back(part);
  }
  return parts;
}

std::string lower(std::string_view text) {
  std::string result(text);
  std::ranges::transform(result, result.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? char(c + 32) : c; });
  return result;
}

using Parts = std::span<const std::string>;
using Names = std::span<const std::string_view>;

/// True when `parts` match the first components of `names`, or of a run of them that begins anywhere unless
/// `rooted`; what follows lies below a match. Goes back to the last `**` only: as the end is free, the first
/// place where the parts before it match leaves the most for those behind it. So at most |parts| * |names|
/// components are compared.
bool prefix_matches(Parts parts, Names names, bool rooted) {
  std::optional<std::size_t> any_depth;  ///< the part behind the last `**`
  if (!rooted) any_depth = 0;
  std::size_t retry = 0;  ///< where that part was tried last
  std::size_t part = 0;
  std::size_t name = 0;
  while (part < parts.size()) {
    if (parts[part] == kAnyDepth) {
      any_depth = ++part;
      retry = name;
    } else if (name < names.size() && component_matches(parts[part], names[name])) {
      ++part;
      ++name;
    } else if (any_depth && retry < names.size()) {
      name = ++retry;
      part = *any_depth;
    } else {
      return false;
    }
  }
  return true;
}

/// True when some longer path that begins with `names` could match.
bool prefix_may_match(Parts parts, Names names) {
  for (; !parts.empty() && !names.empty(); parts = parts.subspan(1), names = names.subspan(1)) {
    if (parts[0] == kAnyDepth) return true;
    if (!component_matches(parts[0], names[0])) return false;
  }
  return true;
}

}  // namespace

Pattern::Pattern(std::string_view text, bool ignore_case) : ignore_case_(ignore_case) {
  const std::string_view whole = text;
  if (text.starts_with('!')) {
    negated_ = true;
    text.remove_prefix(1);
  }
  rooted_ = text.starts_with('/');
  parts_ = split<std::string>(text);
  if (parts_.empty() && !rooted_) throw Error(ErrorKind::Invalid, "pattern '{}' is empty", whole);
  for (std::string& part : parts_) {
    if (!well_formed(part))
      throw Error(ErrorKind::Invalid, "pattern '{}': unfinished class or escape in '{}'", whole, part);
    if (ignore_case) part = lower(part);
  }
}

bool Pattern::matches(std::string_view path) const {
  const std::string lowered = ignore_case_ ? lower(path) : std::string();
  const auto names = split<std::string_view>(ignore_case_ ? std::string_view(lowered) : path);
  return (rooted_ || !names.empty()) && prefix_matches(parts_, names, rooted_);
}

bool Pattern::may_match_below(std::string_view path) const {
  if (!rooted_) return true;
  const std::string lowered = ignore_case_ ? lower(path) : std::string();
  const auto names = split<std::string_view>(ignore_case_ ? std::string_view(lowered) : path);
  return prefix_may_match(parts_, names);
}

std::string Pattern::anchor() const {
  std::string path;
  for (const std::string& part : parts_) {
    if (!rooted_ || ignore_case_ || part.find_first_of("*?[\\") != part.npos) break;
    path += "/" + part;
  }
  return path.empty() ? "/" : path;
}

PatternList::PatternList(const std::vector<std::string>& patterns, bool ignore_case) {
  for (const std::string& pattern : patterns) patterns_.emplace_back(pattern, ignore_case);
}

bool PatternList::matches(std::string_view path) const {
  for (auto pattern = patterns_.rbegin(); pattern != patterns_.rend(); ++pattern)
    if (pattern->matches(path)) return !pattern->negated();
  return false;
}

bool PatternList::may_match_below(std::string_view path) const {
  return std::ranges::any_of(patterns_,
                             [&](const Pattern& p) { return !p.negated() && p.may_match_below(path); });
}

std::vector<std::string> PatternList::anchors() const {
  std::vector<std::string> all;
  for (const Pattern& pattern : patterns_)
    if (!pattern.negated()) all.push_back(pattern.anchor());
  return all;
}

bool pattern_matches(std::string_view pattern, std::string_view path, bool ignore_case) {
  return Pattern(pattern, ignore_case).matches(path);
}

}  // namespace stash::engine
