#include "executor/rules.hpp"

#include <algorithm>
#include <functional>

#include "stash/base/error.hpp"

namespace stash::executor {
namespace {

using engine::Snapshot;

const Snapshot* newest(const std::vector<Snapshot>& snapshots,
                       const std::function<bool(const Snapshot&)>& fits) {
  const Snapshot* best = nullptr;
  for (const Snapshot& snapshot : snapshots) {
    if (!snapshot.complete || !fits(snapshot)) continue;
    if (!best || snapshot.start >= best->start) best = &snapshot;
  }
  return best;
}

/// By full id or a unique beginning or end of one.
const Snapshot& by_id(const std::vector<Snapshot>& snapshots, const std::string& id) {
  const Snapshot* found = nullptr;
  for (const Snapshot& snapshot : snapshots) {
    if (id.size() < 4 || !(snapshot.id.starts_with(id) || snapshot.id.ends_with(id))) continue;
    if (found) throw Error(ErrorKind::Invalid, "snapshot id {} fits several snapshots; give more of it", id);
    found = &snapshot;
  }
  if (!found) throw Error(ErrorKind::NotFound, "snapshot {} does not exist", id);
  return *found;
}

std::string shape(std::string path) {
  while (path.size() > 1 && path.ends_with('/')) path.pop_back();
  return path;
}

}  // namespace

const api::RestoreRule* rule_for(const std::vector<api::RestoreRule>& rules, const std::string& host) {
  const auto named = std::ranges::find_if(rules, [&](const api::RestoreRule& rule) {
    return std::ranges::find(rule.target_hosts, host) != rule.target_hosts.end();
  });
  if (named != rules.end()) return &*named;
  const auto general =
      std::ranges::find_if(rules, [](const auto& rule) { return rule.target_hosts.empty(); });
  return general == rules.end() ? nullptr : &*general;
}

std::vector<RestoreItem> plan_restore(const api::RestoreRule& rule, const std::string& host,
                                      const std::vector<Snapshot>& snapshots, const engine::TagFilter& tags) {
  const std::string& source = rule.source_host.empty() ? host : rule.source_host;
  std::vector<RestoreItem> plan;
  engine::SnapshotFilter filter;
  filter.host = source;
  filter.tags = tags;
  const auto of_source = [&](const Snapshot& s) { return filter.matches(s); };
  for (const std::string& id : rule.snapshots) {
    if (id != "latest") {
      plan.push_back({by_id(snapshots, id), rule.include});
      continue;
    }
    const Snapshot* found = newest(snapshots, of_source);
    if (!found) throw Error(ErrorKind::NotFound, "there is no complete snapshot of host {}", source);
    plan.push_back({*found, rule.include});
  }
  if (!plan.empty()) return plan;

  if (rule.paths.empty()) {
    throw Error(ErrorKind::Invalid,
                "the rule for host {} names neither paths nor snapshots: give one of them", host);
  }
  for (const std::string& given : rule.paths) {
    const std::string path = shape(given);
    filter.paths = {path};
    const Snapshot* found = newest(snapshots, of_source);
    if (!found)
      throw Error(ErrorKind::NotFound, "there is no complete snapshot of path {} of host {}", path, source);
    // A snapshot made by hand may hold more paths than the one that is wanted.
    const bool whole = found->paths.size() == 1 || !rule.include.empty();
    plan.push_back({*found, whole ? rule.include : std::vector{path}});
  }
  return plan;
}

}  // namespace stash::executor
