#include <gtest/gtest.h>

#include <algorithm>

#include "stash/engine/forget.hpp"

namespace stash::engine {
namespace {

using namespace std::chrono_literals;

TimePoint at(std::string_view time) { return *parse_time(time); }

Snapshot snapshot(std::string_view time, std::string host = "h") {
  Snapshot s;
  s.id = "01jd000000000000" + std::string(time.substr(2, 2)) + std::string(time.substr(5, 2)) +
         std::string(time.substr(8, 2)) + std::string(time.substr(11, 2)) + std::string(time.substr(14, 2));
  s.start = at(time);
  s.host = std::move(host);
  s.paths = {"/data"};
  return s;
}

std::vector<Snapshot> series(std::string_view first, Duration step, int count) {
  std::vector<Snapshot> all;
  for (int i = 0; i < count; ++i) all.push_back(snapshot(format_time(at(first) + i * step)));
  return all;
}

/// Start times of what is kept, oldest first.
std::vector<std::string> kept(const std::vector<KeepDecision>& decisions) {
  std::vector<std::string> times;
  for (const KeepDecision& d : decisions)
    if (d.keep) times.push_back(format_time(d.snapshot.start));
  return times;
}

constexpr auto kNow = "2026-11-23T12:00:00Z";

TEST(KeepPolicy, EmptyKeepsEverything) {
  EXPECT_TRUE(KeepPolicy().empty());
  EXPECT_EQ(kept(decide(series("2026-01-01T00:00:00Z", 24h, 5), KeepPolicy(), at(kNow))).size(), 5u);
}

TEST(KeepPolicy, KeepsTheLastOnes) {
  KeepPolicy policy;
  policy.last = 2;
  const std::vector<std::string> expected{"2026-01-04T00:00:00Z", "2026-01-05T00:00:00Z"};
  EXPECT_EQ(kept(decide(series("2026-01-01T00:00:00Z", 24h, 5), policy, at(kNow))), expected);
}

TEST(KeepPolicy, KeepsTheNewestOfEachHour) {
  KeepPolicy policy;
  policy.hourly = 2;
  const std::vector<std::string> expected{"2026-01-01T01:40:00Z", "2026-01-01T02:20:00Z"};
  EXPECT_EQ(kept(decide(series("2026-01-01T00:00:00Z", 20min, 8), policy, at(kNow))), expected);
}

TEST(KeepPolicy, KeepsTheNewestOfEachDay) {
  KeepPolicy policy;
  policy.daily = 3;
  const std::vector<std::string> expected{"2026-01-02T18:00:00Z", "2026-01-03T18:00:00Z",
                                          "2026-01-04T12:00:00Z"};
  EXPECT_EQ(kept(decide(series("2026-01-01T00:00:00Z", 6h, 15), policy, at(kNow))), expected);
}

TEST(KeepPolicy, KeepsTheOldestWhileABucketHasRoom) {
  KeepPolicy policy;
  policy.daily = 5;
  const auto decisions = decide(series("2026-01-01T00:00:00Z", 6h, 8), policy, at(kNow));
  const std::vector<std::string> expected{"2026-01-01T00:00:00Z", "2026-01-01T18:00:00Z",
                                          "2026-01-02T18:00:00Z"};
  EXPECT_EQ(kept(decisions), expected);
  EXPECT_EQ(decisions[0].reasons, std::vector<std::string>{"oldest daily snapshot"});
  EXPECT_EQ(decisions[3].reasons, std::vector<std::string>{"daily snapshot"});
}

TEST(KeepPolicy, WeeksAreIsoWeeks) {
  // 2026-W53 runs from Monday 2026-12-28 to Sunday 2027-01-03.
  KeepPolicy policy;
  policy.weekly = 2;
  const std::vector<std::string> expected{"2026-12-27T09:00:00Z", "2027-01-03T09:00:00Z"};
  EXPECT_EQ(kept(decide(series("2026-12-20T09:00:00Z", 24h, 15), policy, at("2027-02-01T00:00:00Z"))),
            expected);
}

TEST(KeepPolicy, MonthsAndYearsFollowTheCalendar) {
  KeepPolicy monthly;
  monthly.monthly = 2;
  const std::vector<std::string> months{"2026-01-31T00:00:00Z", "2026-02-09T00:00:00Z"};
  EXPECT_EQ(kept(decide(series("2026-01-01T00:00:00Z", 24h, 40), monthly, at(kNow))), months);

  KeepPolicy yearly;
  yearly.yearly = 2;
  const std::vector<std::string> years{"2024-12-25T00:00:00Z", "2025-01-30T00:00:00Z"};
  EXPECT_EQ(kept(decide(series("2024-11-01T00:00:00Z", 24h * 18, 6), yearly, at(kNow))), years);
}

TEST(KeepPolicy, ANegativeCountHasNoLimit) {
  KeepPolicy policy;
  policy.daily = -1;
  EXPECT_EQ(kept(decide(series("2026-01-01T00:00:00Z", 24h, 40), policy, at(kNow))).size(), 40u);
}

TEST(KeepPolicy, RulesAddUp) {
  KeepPolicy policy;
  policy.last = 1;
  policy.daily = 2;
  const auto decisions = decide(series("2026-01-01T00:00:00Z", 12h, 6), policy, at(kNow));
  const std::vector<std::string> reasons{"last snapshot", "daily snapshot"};
  EXPECT_EQ(decisions.back().reasons, reasons);
  EXPECT_EQ(kept(decisions).size(), 2u);
}

TEST(KeepPolicy, WithinCountsFromTheNewest) {
  KeepPolicy policy;
  policy.within = 48h;
  const std::vector<std::string> expected{"2026-01-04T00:00:00Z", "2026-01-05T00:00:00Z"};
  EXPECT_EQ(kept(decide(series("2026-01-01T00:00:00Z", 24h, 5), policy, at(kNow))), expected);
}

TEST(KeepPolicy, KeepsTaggedOnes) {
  auto all = series("2026-01-01T00:00:00Z", 24h, 4);
  all[1].tags = {"release"};
  KeepPolicy policy;
  policy.last = 1;
  policy.tags.add("release");
  const std::vector<std::string> expected{"2026-01-02T00:00:00Z", "2026-01-04T00:00:00Z"};
  EXPECT_EQ(kept(decide(all, policy, at(kNow))), expected);
}

TEST(KeepPolicy, KeepsWhatHasAllTagsOfOneOfTheLists) {
  auto all = series("2026-01-01T00:00:00Z", 24h, 4);
  all[0].tags = {"b", "a"};
  all[1].tags = {"a"};
  all[2].tags = {"c"};
  KeepPolicy policy;
  policy.tags.add("a, b");
  policy.tags.add("c");
  const auto decisions = decide(all, policy, at(kNow));

  // The last complete one of a group stays in any case.
  const std::vector<std::string> expected{"2026-01-01T00:00:00Z", "2026-01-03T00:00:00Z",
                                          "2026-01-04T00:00:00Z"};
  EXPECT_EQ(kept(decisions), expected);
  const auto oldest = std::ranges::find(decisions, all[0].id, [](const auto& d) { return d.snapshot.id; });
  EXPECT_EQ(oldest->reasons, std::vector<std::string>{"has tags a,b"});
}

TEST(KeepPolicy, GroupsByHostAndPaths) {
  auto all = series("2026-01-01T00:00:00Z", 24h, 3);
  all.push_back(snapshot("2025-01-01T00:00:00Z", "other"));
  all.push_back(snapshot("2025-01-02T00:00:00Z"));
  all.back().paths = {"/elsewhere"};
  KeepPolicy policy;
  policy.last = 1;
  const std::vector<std::string> expected{"2026-01-03T00:00:00Z", "2025-01-02T00:00:00Z",
                                          "2025-01-01T00:00:00Z"};
  EXPECT_EQ(kept(decide(all, policy, at(kNow))), expected);
}

TEST(KeepPolicy, ASnapshotOfTheFutureIsKeptAndTakesNoPlace) {
  auto all = series("2026-01-01T00:00:00Z", 24h, 3);
  all.push_back(snapshot("2036-01-01T00:00:00Z"));
  KeepPolicy policy;
  policy.last = 1;
  const auto decisions = decide(all, policy, at(kNow));
  const std::vector<std::string> expected{"2026-01-03T00:00:00Z", "2036-01-01T00:00:00Z"};
  EXPECT_EQ(kept(decisions), expected);
  EXPECT_EQ(decisions.back().reasons, std::vector<std::string>{"dated in the future"});
}

TEST(KeepPolicy, NeverLosesTheLastCompleteSnapshot) {
  auto all = series("2026-01-01T00:00:00Z", 24h, 4);
  all[2].complete = all[3].complete = false;
  KeepPolicy policy;
  policy.last = 1;
  const auto decisions = decide(all, policy, at(kNow));
  const std::vector<std::string> expected{"2026-01-02T00:00:00Z", "2026-01-04T00:00:00Z"};
  EXPECT_EQ(kept(decisions), expected);
  EXPECT_EQ(decisions[1].reasons, std::vector<std::string>{"last complete snapshot"});
}

}  // namespace
}  // namespace stash::engine
