#include "engine/schedule.hpp"

#include <gtest/gtest.h>

#include <cstdlib>

#include "engine/small_case.hpp"
#include "stash/base/log.hpp"

namespace stash::engine::test {
namespace {

std::uint64_t number_from(const char* variable, std::uint64_t otherwise) {
  const char* text = std::getenv(variable);
  return text ? std::strtoull(text, nullptr, 10) : otherwise;
}

Plan plan_of(std::uint64_t seed) {
  Plan plan;
  plan.seed = seed;
  plan.trouble = static_cast<Trouble>(seed % 4);
  plan.writers = 1 + static_cast<unsigned>(seed / 4 % 3);
  plan.collectors = 1 + static_cast<unsigned>(seed / 12 % 2);
  plan.forgetters = static_cast<unsigned>(seed / 24 % 2);
  plan.repairers = static_cast<unsigned>(seed / 48 % 2);
  plan.salvagers = static_cast<unsigned>(seed / 96 % 2);
  plan.taggers = static_cast<unsigned>(seed / 192 % 2);
  return plan;
}

/// STASH_SCHEDULES says how many; STASH_SEED replays one.
TEST(Schedules, LoseNothing) {
  log::set_level(log::Level::Error);
  const std::uint64_t only = number_from("STASH_SEED", 0);
  const std::uint64_t first = only > 0 ? only : number_from("STASH_FIRST_SEED", 1);
  const std::uint64_t count = only > 0 ? 1 : number_from("STASH_SCHEDULES", 300);
  std::uint64_t calls = 0;
  std::uint64_t deaths = 0;
  std::uint64_t refusals = 0;
  std::uint64_t kept = 0;
  for (std::uint64_t seed = first; seed < first + count; ++seed) {
    Schedule schedule(plan_of(seed));
    schedule.trace = only > 0;
    const std::string lost = schedule.run();
    ASSERT_EQ(lost, "") << "replay: STASH_SEED=" << seed
                        << " test_engine --gtest_filter=Schedules.LoseNothing";
    calls += schedule.calls;
    deaths += schedule.deaths;
    refusals += schedule.refusals;
    kept += schedule.kept;
  }
  fmt::print(
      "{} schedules, {} store calls, {} deaths, {} operations that refused, {} snapshots whole at the end\n",
      count, calls, deaths, refusals, kept);
  if (only == 0) EXPECT_GT(kept, count);
}

/// STASH_INTERRUPTIONS says within which bound; STASH_PATH replays one.
TEST(Schedules, OfASmallCaseLoseNothingInAnyOrder) {
  log::set_level(log::Level::Error);
  const char* path = std::getenv("STASH_PATH");
  const auto bound = static_cast<unsigned>(number_from("STASH_INTERRUPTIONS", 0));
  BoundedSearch search = path ? BoundedSearch::replay(path) : BoundedSearch(bound);
  const SmallCase::Start start = SmallCase::start();
  std::uint64_t schedules = 0;
  std::uint64_t calls = 0;
  do {
    SmallCase scene;
    scene.trace = path != nullptr;
    const std::string lost = scene.run(start, search);
    ASSERT_EQ(lost, "") << "replay: STASH_PATH=" << search.path()
                        << " test_engine --gtest_filter=Schedules.OfASmallCase*";
    ++schedules;
    calls += scene.calls;
  } while (search.next());
  fmt::print(
      "{} orders of 2 writers and 2 collectors on 3 packs, all with at most {} interruptions: {} store "
      "calls\n",
      schedules, bound, calls);
  EXPECT_GE(schedules, path ? 1u : 24u);
}

TEST(Schedules, AreTheSameForTheSameSeed) {
  log::set_level(log::Level::Error);
  for (const std::uint64_t seed : {42u, 43u, 44u, 45u}) {
    Schedule one(plan_of(seed));
    Schedule two(plan_of(seed));
    EXPECT_EQ(one.run(), two.run());
    EXPECT_EQ(one.calls, two.calls);
  }
}

class PlantedBug : public ::testing::TestWithParam<Lie> {};

TEST_P(PlantedBug, IsFound) {
  log::set_level(log::Level::Error);
  for (std::uint64_t seed = 1; seed <= 2000; ++seed) {
    Plan plan;
    plan.seed = seed;
    plan.trouble = static_cast<Trouble>(seed % 2);
    plan.lie = GetParam();
    Schedule schedule(plan);
    if (!schedule.run().empty()) {
      fmt::print("found by seed {}\n", seed);
      return;
    }
  }
  FAIL() << "2000 schedules did not notice";
}

/// Not that an index comes before its packs: where nobody dies, they come in the end.
class PlantedBugInASmallCase : public ::testing::TestWithParam<Lie> {};

TEST_P(PlantedBugInASmallCase, IsFoundWithOneInterruption) {
  log::set_level(log::Level::Error);
  BoundedSearch search(1);
  const SmallCase::Start start = SmallCase::start();
  std::uint64_t schedules = 1;
  for (; SmallCase().run(start, search, GetParam()).empty(); ++schedules)
    ASSERT_TRUE(search.next()) << "none of " << schedules << " noticed";
  fmt::print("found by order {}: {}\n", schedules, search.path());
}

std::string name_of(const ::testing::TestParamInfo<Lie>& bug) {
  return bug.param == Lie::HidesNewTombs       ? "NoSecondLookAtTombs"
         : bug.param == Lie::HidesNewSnapshots ? "DeletedWithoutASecondLookAtSnapshots"
                                               : "IndexBeforePacks";
}

INSTANTIATE_TEST_SUITE_P(Schedules, PlantedBug,
                         ::testing::Values(Lie::HidesNewTombs, Lie::HidesNewSnapshots, Lie::IndexBeforePacks),
                         name_of);
INSTANTIATE_TEST_SUITE_P(Schedules, PlantedBugInASmallCase,
                         ::testing::Values(Lie::HidesNewTombs, Lie::HidesNewSnapshots), name_of);

}  // namespace
}  // namespace stash::engine::test
