#pragma once

// The exclude and include patterns people know from restic.
//
// A pattern is a path whose components are globs: `*` and `?` stay inside one component, `[a-z]` and `[^a-z]`
// are classes, a backslash takes the next character literally, and the component `**` stands for any number
// of components, none included. A pattern with a leading slash is tied to the root; any other matches a run
// of components anywhere. What lies below a matching directory matches too. A leading `!` takes back what
// earlier patterns of the list chose; a name that really begins with it is written `\!`.

#include <string>
#include <string_view>
#include <vector>

namespace stash::engine {

/// One pattern, taken apart once and matched often. Pure.
class Pattern {
 public:
  /// Throws Error(Invalid) that names the pattern when it is empty or a class or escape is not closed.
  Pattern(std::string_view text, bool ignore_case);

  bool negated() const { return negated_; }
  /// True when the pattern matches the absolute path `path` or a directory above it.
  bool matches(std::string_view path) const;
  /// False only when nothing below the directory `path` can match: it need not be visited.
  bool may_match_below(std::string_view path) const;
  /// A directory or file within which everything lies that matches: the components before the first glob. "/"
  /// where it cannot tell.
  std::string anchor() const;

 private:
  std::vector<std::string> parts_;
  bool rooted_ = false;
  bool negated_ = false;
  bool ignore_case_ = false;
};

/// Patterns in the order given; the last one that speaks about a path decides.
class PatternList {
 public:
  PatternList(const std::vector<std::string>& patterns, bool ignore_case);

  bool empty() const { return patterns_.empty(); }
  bool matches(std::string_view path) const;
  bool may_match_below(std::string_view path) const;
  /// Of the patterns that choose something.
  std::vector<std::string> anchors() const;

 private:
  std::vector<Pattern> patterns_;
};

}  // namespace stash::engine
