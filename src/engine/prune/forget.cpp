#include "stash/engine/forget.hpp"

#include <algorithm>

#include "engine/repository/refusals.hpp"
#include "engine/repository/repository_impl.hpp"
#include "stash/base/error.hpp"

namespace stash::engine {
namespace {

/// Everything the filter matches, with exactly the named ones not kept.
Task<std::vector<KeepDecision>> decide_by_ids(Repository& repository, std::vector<std::string> ids,
                                              SnapshotFilter filter) {
  std::vector<std::string> chosen;
  for (const std::string& id : ids) {
    const Snapshot snapshot = co_await repository.find_snapshot(id, filter);
    chosen.push_back(snapshot.id);
  }
  std::vector<Snapshot> all = co_await repository.snapshots(filter);
  std::vector<KeepDecision> decisions;
  for (Snapshot& snapshot : all) {
    KeepDecision& decision = decisions.emplace_back();
    decision.keep = std::ranges::count(chosen, snapshot.id) == 0;
    decision.snapshot = std::move(snapshot);
  }
  co_return decisions;
}

/// False when the store refuses.
Task<bool> remove(Repository& repository, std::string id, Refusals& refused) {
  try {
    co_await repository.impl().remove_snapshot(std::move(id));
  } catch (const Error& e) {
    if (e.kind() == ErrorKind::Denied) {
      count_refusal(refused, 0, e);
      co_return false;
    }
    if (e.kind() != ErrorKind::NotFound) throw;  // somebody else forgot it first
  }
  co_return true;
}

}  // namespace

Task<ForgetResult> forget(Repository& repository, ForgetOptions options) {
  ForgetResult result;
  if (options.ids.empty()) {
    std::vector<Snapshot> snapshots = co_await repository.snapshots(options.filter);
    result.decisions = decide(std::move(snapshots), options.policy, repository.environment().timers.now());
  } else {
    result.decisions = co_await decide_by_ids(repository, options.ids, options.filter);
  }
  for (const KeepDecision& decision : result.decisions) {
    bool removed = !decision.keep;
    if (removed && !options.dry_run)
      removed = co_await remove(repository, decision.snapshot.id, result.refused);
    if (decision.keep) ++result.kept;
    if (removed) ++result.removed;
  }
  if (!options.prune) co_return result;
  PruneOptions collect;
  collect.dry_run = options.dry_run;
  result.prune = co_await prune(repository, collect);
  co_return result;
}

}  // namespace stash::engine
