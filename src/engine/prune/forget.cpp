#include "stash/engine/forget.hpp"

#include <algorithm>
#include <set>

#include "engine/repository/damage.hpp"
#include "engine/repository/refusals.hpp"
#include "engine/repository/repository_impl.hpp"
#include "stash/base/error.hpp"

namespace stash::engine {
namespace {

/// The whole id of the snapshot that is meant. Who gives it whole may mean one that cannot be read.
Task<std::string> whole_id(Repository& repository, std::string id, SnapshotFilter filter) {
  try {
    const Snapshot snapshot = co_await repository.find_snapshot(id, std::move(filter));
    co_return snapshot.id;
  } catch (const Error& e) {
    if (!is_damage(e) || !is_ulid(id)) throw;
  }
  co_return id;
}

/// Everything the filter matches, with exactly the named ones not kept.
Task<std::vector<KeepDecision>> decide_by_ids(Repository& repository, std::vector<std::string> ids,
                                              SnapshotFilter filter) {
  std::set<std::string> chosen;
  for (const std::string& id : ids) {
    std::string whole = co_await whole_id(repository, id, filter);
    chosen.insert(std::move(whole));
  }
  std::vector<KeepDecision> decisions;
  const auto add = [&](Snapshot snapshot) {
    KeepDecision& decision = decisions.emplace_back();
    decision.keep = !chosen.contains(snapshot.id);
    decision.snapshot = std::move(snapshot);
  };
  const auto on_damaged = [&](const std::string& id, const Error& why) {
    Snapshot unread;
    unread.id = id;
    if (chosen.contains(id))
      add(std::move(unread));
    else
      pass_over(id, why);
  };
  for (Manifest& manifest : co_await repository.impl().manifests(on_damaged))
    if (filter.matches(manifest.snapshot)) add(std::move(manifest.snapshot));
  std::ranges::sort(decisions, {}, [](const KeepDecision& decision) {
    return std::pair(decision.snapshot.start, decision.snapshot.id);
  });
  co_return decisions;
}

Task<PruneResult> foresee(Repository& repository, const std::vector<KeepDecision>& decisions) {
  std::set<std::string> forgotten;
  for (const KeepDecision& decision : decisions)
    if (!decision.keep) forgotten.insert(decision.snapshot.id);
  co_return co_await foresee_prune(repository, {}, std::move(forgotten));
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
  if (options.dry_run)
    result.prune = co_await foresee(repository, result.decisions);
  else
    result.prune = co_await prune(repository, {});
  co_return result;
}

}  // namespace stash::engine
