#include "engine/prune/prune_plan.hpp"

#include <algorithm>

namespace stash::engine {
namespace {

/// Packs with less dead than this are not worth copying.
constexpr double kMinDead = 0.10;

/// Dates further ahead are of a machine whose clock is wrong, and say nothing.
constexpr Duration kSkew = std::chrono::hours(24);

/// Which packs are left alone, since a session under way may be about to use them.
struct Youth {
  Duration young;
  TimePoint time;

  bool has(const ObjectId& pack) const {
    const Duration age = time - pack.made();
    return young > Duration::zero() && age < young && age > -kSkew;
  }
};

/// Packs of tombs whose grace time is being counted: not of those that are dated ahead.
std::set<ObjectId> condemned_in_time(const Survey& now, TimePoint time) {
  std::set<ObjectId> packs;
  for (const Tomb& tomb : now.tombs.tombs)
    if (ulid_time(tomb.id) - time < kSkew) packs.insert(tomb.packs.begin(), tomb.packs.end());
  return packs;
}

/// Packs that give back most for what has to be copied, until few enough dead bytes are left.
void plan_repack(const Survey& now, const Youth& youth, std::uint64_t dead, double allowed, PrunePlan& plan) {
  const Index& index = now.index();
  std::vector<std::size_t> candidates;
  for (std::size_t i = 0; i < now.use.size(); ++i) {
    const Index::Pack& pack = index.packs()[i];
    if (now.exists(pack.id) && !pack.condemned && !youth.has(pack.id) && now.use[i].live > 0 &&
        now.use[i].dead_share() >= kMinDead)
      candidates.push_back(i);
  }
  std::ranges::sort(candidates, std::ranges::greater(),
                    [&](std::size_t i) { return now.use[i].dead_share(); });
  for (const std::size_t i : candidates) {
    if (static_cast<double>(dead) <= allowed) break;
    dead -= now.use[i].raw - now.use[i].live;
    plan.condemned.push_back(index.packs()[i].id);
    plan.to_copy.insert(index.packs()[i].id);
    ++plan.rewritten;
  }
}

/// Packs that an interrupted session left in no segment.
void plan_unindexed(const Survey& now, const Youth& youth, const std::set<ObjectId>& in_time,
                    PrunePlan& plan) {
  if (now.misses_some()) return;
  for (const auto& [pack, size] : now.stored)
    if (!now.index().pack(pack) && !in_time.contains(pack) && !youth.has(pack))
      plan.condemned.push_back(pack);
}

}  // namespace

PrunePlan plan_prune(const Survey& now, const PruneOptions& options, TimePoint time) {
  PrunePlan plan;
  const Youth youth{options.young, time};
  const std::set<ObjectId> in_time = condemned_in_time(now, time);
  const Index& index = now.index();
  std::uint64_t dead = 0;
  std::uint64_t live = 0;
  for (std::size_t i = 0; i < now.use.size(); ++i) {
    const Index::Pack& pack = index.packs()[i];
    if (!now.exists(pack.id)) continue;
    if (pack.condemned) {
      if (now.use[i].needed_copy) plan.to_copy.insert(pack.id);
      if (!in_time.contains(pack.id)) plan.condemned.push_back(pack.id);
      continue;
    }
    if (now.use[i].live == 0) {
      if (!youth.has(pack.id)) plan.condemned.push_back(pack.id);
      continue;
    }
    dead += now.use[i].raw - now.use[i].live;
    live += now.use[i].live;
  }
  plan_repack(now, youth, dead, options.max_unused * static_cast<double>(live), plan);
  plan_unindexed(now, youth, in_time, plan);
  return plan;
}

std::vector<PackSet> copy_groups(const Survey& now, const PrunePlan& plan, std::uint64_t max_blobs) {
  std::vector<PackSet> groups;
  std::uint64_t blobs = 0;
  for (std::size_t i = 0; i < now.use.size(); ++i) {
    const ObjectId& pack = now.index().packs()[i].id;
    if (!plan.to_copy.contains(pack)) continue;
    blobs += now.use[i].blobs;
    if (groups.empty() || blobs > max_blobs) {
      groups.emplace_back();
      blobs = now.use[i].blobs;
    }
    groups.back().insert(pack);
  }
  return groups;
}

std::vector<ObjectId> sweepable(const Survey& now, const PruneOptions& options, TimePoint time) {
  const Index& index = now.index();
  PackSet needed;
  for (std::size_t i = 0; i < now.use.size(); ++i)
    if (now.use[i].needed_copy) needed.insert(index.packs()[i].id);
  PackSet ripe;
  for (const Tomb& tomb : now.tombs.tombs) {
    if (time - ulid_time(tomb.id) < options.grace) continue;
    ripe.insert(tomb.packs.begin(), tomb.packs.end());
  }
  std::vector<ObjectId> packs;
  for (const ObjectId& pack : ripe) {
    // With blobs missing, what no segment names may be what is missed.
    const bool may_hold_missing = now.misses_some() && !index.pack(pack);
    if (now.exists(pack) && !needed.contains(pack) && !may_hold_missing) packs.push_back(pack);
  }
  std::ranges::sort(packs);
  return packs;
}

}  // namespace stash::engine
