#pragma once

#include <string>
#include <vector>

#include "stash/api/target.hpp"
#include "stash/engine/repository.hpp"
#include "stash/engine/restore.hpp"

namespace stash::executor {

/// The rule for a host: the first that lists it, else the first that lists no hosts; null when there is
/// neither.
const api::RestoreRule* rule_for(const std::vector<api::RestoreRule>& rules, const std::string& host);

/// One snapshot to restore.
struct RestoreItem {
  engine::Snapshot snapshot;
  std::vector<std::string> includes;
};

/// What a rule asks for, of the snapshots there are (oldest first): each named one, or for each path the
/// newest complete one of the source host. `tags` restrict what "latest" and paths may choose. Throws
/// Error(NotFound) that names what is missing, Error(Invalid) on a rule that asks for nothing or an id that
/// fits several.
std::vector<RestoreItem> plan_restore(const api::RestoreRule& rule, const std::string& host,
                                      const std::vector<engine::Snapshot>& snapshots,
                                      const engine::TagFilter& tags);

}  // namespace stash::executor
