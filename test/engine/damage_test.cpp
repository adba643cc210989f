#include "engine/damage.hpp"

#include <gtest/gtest.h>

#include <cstdlib>

#include "stash/base/log.hpp"

namespace stash::engine::test {
namespace {

/// STASH_FLIPS: how many places of each object get a bit flipped, beside its ends.
TEST(Damages, AreNeverRestoredAndNeverMadeWorse) {
  log::set_level(log::Level::Error);
  const char* flips = std::getenv("STASH_FLIPS");
  DamagedWorld world(flips ? std::strtoull(flips, nullptr, 10) : 1);
  EXPECT_EQ(world.run(), "");
  const auto& counts = world.counts();
  fmt::print("{} damages, {} operations on them: {} refused with the reason, {} did what they should\n",
             counts.damages, counts.operations, counts.refused, counts.harmless);
  EXPECT_GT(counts.refused, counts.damages);
}

}  // namespace
}  // namespace stash::engine::test
