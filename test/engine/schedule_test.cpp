#include "engine/schedule.hpp"

#include <gtest/gtest.h>

#include <cstdlib>

#include "stash/base/log.hpp"

namespace stash::engine::test {
namespace {

std::uint64_t number_from(const char* variable, std::uint64_t otherwise) {
  const char* text = std::getenv(variable);
  return text ? std::strtoull(text, nullptr, 10) : otherwise;
}

/// STASH_SCHEDULES says how many; STASH_SEED replays one.
TEST(Schedules, LoseNothing) {
  log::set_level(log::Level::Error);
  const std::uint64_t only = number_from("STASH_SEED", 0);
  const std::uint64_t first = only > 0 ? only : number_from("STASH_FIRST_SEED", 1);
  const std::uint64_t count = only > 0 ? 1 : number_from("STASH_SCHEDULES", 300);
  std::uint64_t calls = 0;
  std::uint64_t deaths = 0;
  std::uint64_t kept = 0;
  for (std::uint64_t seed = first; seed < first + count; ++seed) {
    Plan plan;
    plan.seed = seed;
    plan.writers = 1 + static_cast<unsigned>(seed / 2 % 3);
    plan.collectors = 1 + static_cast<unsigned>(seed / 6 % 2);
    Schedule schedule(plan);
    const std::string lost = schedule.run();
    ASSERT_EQ(lost, "") << "replay: STASH_SEED=" << seed
                        << " test_engine --gtest_filter=Schedules.LoseNothing";
    calls += schedule.calls;
    deaths += schedule.deaths;
    kept += schedule.kept;
  }
  fmt::print("{} schedules, {} store calls, {} deaths, {} snapshots whole at the end\n", count, calls, deaths,
             kept);
  if (only == 0) EXPECT_GT(kept, count);
}

TEST(Schedules, AreTheSameForTheSameSeed) {
  log::set_level(log::Level::Error);
  Plan plan;
  plan.seed = 42;
  Schedule one(plan);
  Schedule two(plan);
  EXPECT_EQ(one.run(), two.run());
  EXPECT_EQ(one.calls, two.calls);
}

class PlantedBug : public ::testing::TestWithParam<Lie> {};

TEST_P(PlantedBug, IsFound) {
  log::set_level(log::Level::Error);
  for (std::uint64_t seed = 1; seed <= 2000; ++seed) {
    Plan plan;
    plan.seed = seed;
    plan.lie = GetParam();
    Schedule schedule(plan);
    if (!schedule.run().empty()) {
      fmt::print("found by seed {}\n", seed);
      return;
    }
  }
  FAIL() << "2000 schedules did not notice";
}

INSTANTIATE_TEST_SUITE_P(Schedules, PlantedBug,
                         ::testing::Values(Lie::HidesNewTombs, Lie::HidesNewSnapshots, Lie::IndexBeforePacks),
                         [](const auto& bug) {
                           return bug.param == Lie::HidesNewTombs ? "NoSecondLookAtTombs"
                                  : bug.param == Lie::HidesNewSnapshots
                                      ? "DeletedWithoutASecondLookAtSnapshots"
                                      : "IndexBeforePacks";
                         });

}  // namespace
}  // namespace stash::engine::test
