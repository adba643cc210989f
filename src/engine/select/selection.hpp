#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engine/select/pattern.hpp"

namespace stash::engine {

/// What an operation is to work on: everything, or what the includes choose, without what the excludes
/// choose.
class Selection {
 public:
  Selection(const std::vector<std::string>& includes, const std::vector<std::string>& iincludes,
            const std::vector<std::string>& excludes, const std::vector<std::string>& iexcludes);

  /// True when the entry itself is chosen.
  bool chosen(std::string_view path) const;
  /// False when neither the directory nor anything below it can be chosen.
  bool worth_visiting(std::string_view path) const;
  /// For a walk in path order (compare_paths) that met `path`: where it may go on, since nothing before that
  /// is chosen or leads to what is. Nothing: at the next entry. "": there is no more.
  std::optional<std::string> next_after(std::string_view path) const;

 private:
  PatternList includes_;
  PatternList iincludes_;
  PatternList excludes_;
  PatternList iexcludes_;
  std::vector<std::string> anchors_;  ///< of the includes, in path order, none within another
};

}  // namespace stash::engine
