#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "engine/format/tomb.hpp"
#include "stash/base/error.hpp"
#include "stash/engine/repository.hpp"

namespace stash::engine {

/// Tombs stay at least this long after a later one settled them, so that no session is left that began while
/// there was something they name.
inline constexpr Duration kTombRetention = std::chrono::hours(24 * 30);

/// What stands under tomb/ at one moment.
struct Tombs {
  std::set<std::string> names;
  std::vector<Tomb> tombs;
  std::vector<std::string> damaged;  ///< names of those that cannot be read
  std::optional<Error> damage;       ///< why, of the first of them, and what helps

  Tombs() {}
  /// Every pack that some tomb names.
  std::set<ObjectId> condemned() const;
};

Task<std::set<std::string>> list_tombs(Repository::Impl& repository);
/// Objects that went away since the list are left out; the tombs of a collector that is done matter to
/// nobody. Those that cannot be read are no failure: they are nothing to who only reads, while who writes or
/// deletes has to know all that is condemned.
Task<Tombs> read_tombs(Repository::Impl& repository);
/// Puts it for good, with an id of its own.
Task<void> publish_tomb(Repository::Impl& repository, Tomb tomb);

}  // namespace stash::engine
