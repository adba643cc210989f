// Which snapshots a policy keeps, by the rules people know from restic: going from the newest to the oldest,
// each bucket keeps the first snapshot of each of its hours, days ... until it has as many as it may have; a
// bucket with room left also keeps the oldest snapshot, so that history is as long as the counts allow. Times
// are UTC.

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <tuple>

#include "stash/engine/forget.hpp"

namespace stash::engine {
namespace {

using Group = std::vector<KeepDecision*>;  ///< newest first

std::int64_t days(TimePoint t) { return std::chrono::floor<std::chrono::days>(t).time_since_epoch().count(); }

std::int64_t floor_div(std::int64_t a, std::int64_t b) { return a / b - (a % b < 0 ? 1 : 0); }

std::chrono::year_month_day date(TimePoint t) { return std::chrono::floor<std::chrono::days>(t); }

std::int64_t hour(TimePoint t) {
  return std::chrono::floor<std::chrono::hours>(t).time_since_epoch().count();
}
/// Day 0 was a Thursday, ISO weeks begin on Mondays.
std::int64_t week(TimePoint t) { return floor_div(days(t) + 3, 7); }
std::int64_t year(TimePoint t) { return static_cast<int>(date(t).year()); }
std::int64_t month(TimePoint t) { return year(t) * 12 + static_cast<unsigned>(date(t).month()); }

/// One rule at work: `left` below 0 means without limit.
struct Bucket {
  std::int64_t left;
  const char* reason;
  std::int64_t (*period)(TimePoint);  ///< null: every snapshot is one of its own
  std::optional<std::int64_t> last{};
};

void fill(Bucket& bucket, const Group& group) {
  for (std::size_t i = 0; i < group.size() && bucket.left != 0; ++i) {
    KeepDecision& decision = *group[i];
    const std::int64_t period =
        bucket.period ? bucket.period(decision.snapshot.start) : static_cast<std::int64_t>(i);
    const bool oldest = i + 1 == group.size();
    if (period == bucket.last && !oldest) continue;
    decision.keep = true;
    decision.reasons.push_back(period == bucket.last ? std::string("oldest ") + bucket.reason
                                                     : bucket.reason);
    bucket.last = period;
    if (bucket.left > 0) --bucket.left;
  }
}

void keep_tagged(const TagFilter& tags, const Group& group) {
  for (KeepDecision* decision : group) {
    const std::vector<std::string>* list = tags.match(decision->snapshot.tags);
    if (!list) continue;
    decision->keep = true;
    decision->reasons.push_back(
        fmt::format("has {} {}", list->size() == 1 ? "tag" : "tags", fmt::join(*list, ",")));
  }
}

void keep_within(Duration within, const Group& group) {
  if (within <= Duration::zero() || group.empty()) return;
  const TimePoint newest = group.front()->snapshot.start;
  for (KeepDecision* decision : group)
    if (decision->snapshot.start > newest - within) {
      decision->keep = true;
      decision->reasons.push_back("within " + format_duration(within));
    }
}

/// Whatever the policy says: a group never loses its last good snapshot.
void keep_last_complete(const Group& group) {
  const auto last = std::ranges::find_if(group, [](const KeepDecision* d) { return d->snapshot.complete; });
  if (last == group.end() || (*last)->keep) return;
  (*last)->keep = true;
  (*last)->reasons.push_back("last complete snapshot");
}

void decide_group(const KeepPolicy& policy, TimePoint now, const Group& all) {
  Group group;
  for (KeepDecision* decision : all) {
    decision->keep = decision->snapshot.start > now;
    if (decision->keep)
      decision->reasons.push_back("dated in the future");
    else
      group.push_back(decision);
  }
  Bucket buckets[] = {{policy.last, "last snapshot", nullptr},     {policy.hourly, "hourly snapshot", hour},
                      {policy.daily, "daily snapshot", days},      {policy.weekly, "weekly snapshot", week},
                      {policy.monthly, "monthly snapshot", month}, {policy.yearly, "yearly snapshot", year}};
  keep_tagged(policy.tags, group);
  for (Bucket& bucket : buckets) fill(bucket, group);
  keep_within(policy.within, group);
  keep_last_complete(group);
}

}  // namespace

bool KeepPolicy::empty() const {
  return last == 0 && hourly == 0 && daily == 0 && weekly == 0 && monthly == 0 && yearly == 0 &&
         tags.empty() && within <= Duration::zero();
}

std::vector<KeepDecision> decide(std::vector<Snapshot> snapshots, const KeepPolicy& policy, TimePoint now) {
  std::ranges::stable_sort(snapshots, [](const Snapshot& a, const Snapshot& b) {
    return std::tie(a.host, a.paths, a.start, a.id) < std::tie(b.host, b.paths, b.start, b.id);
  });
  std::vector<KeepDecision> decisions(snapshots.size());
  for (std::size_t i = 0; i < snapshots.size(); ++i) decisions[i].snapshot = std::move(snapshots[i]);
  if (policy.empty()) return decisions;
  Group group;
  for (std::size_t i = decisions.size(); i-- > 0;) {
    group.push_back(&decisions[i]);
    const bool ends = i == 0 || decisions[i - 1].snapshot.host != decisions[i].snapshot.host ||
                      decisions[i - 1].snapshot.paths != decisions[i].snapshot.paths;
    if (!ends) continue;
    decide_group(policy, now, group);
    group.clear();
  }
  return decisions;
}

}  // namespace stash::engine
