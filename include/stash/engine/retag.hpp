#pragma once

#include <string>
#include <vector>

#include "stash/engine/repository.hpp"

namespace stash::engine {

/// What becomes of the tags of a snapshot: the ones it has, or those of `set` when `replace`; then without
/// `remove`, then with `add`.
struct TagChange {
  bool replace = false;
  std::vector<std::string> set;
  std::vector<std::string> add;
  std::vector<std::string> remove;

  TagChange() {}
  std::vector<std::string> apply(const std::vector<std::string>& tags) const;
};

struct Retagged {
  std::string before;  ///< id that is gone
  std::string after;   ///< id of the same snapshot with other tags
};

/// Changes the tags of the named snapshots, or of all that match the filter when none is named. Stored
/// objects never change: a snapshot gets a new id, and the old one goes once the new one is committed. Those
/// whose tags are right already are left alone.
Task<std::vector<Retagged>> retag(Repository& repository, std::vector<std::string> ids, SnapshotFilter filter,
                                  TagChange change);

}  // namespace stash::engine
