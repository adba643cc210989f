#pragma once

#include <optional>

#include "engine/select/selection.hpp"
#include "engine/snapshot/tree_reader.hpp"

namespace stash::engine {

/// The entries of a tree that a selection chooses, in path order, with the directories that may lead to them.
/// Reads little more of the tree than it takes to get there. Both outlive it.
class SelectedEntries {
 public:
  struct Found {
    Entry entry;
    bool chosen = true;  ///< false: a directory above what may be chosen
  };

  SelectedEntries(TreeReader& tree, const Selection& selection) : tree_(tree), selection_(selection) {}

  /// Nothing at the end. Error(Corrupt) for damaged trees.
  Task<std::optional<Found>> next();

 private:
  TreeReader& tree_;
  const Selection& selection_;
};

}  // namespace stash::engine
