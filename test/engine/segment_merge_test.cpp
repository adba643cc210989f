#include <gtest/gtest.h>

#include "engine/index_fixture.hpp"

namespace stash::engine {
namespace {

using test::facts;
using test::made_up_segment;
using SegmentMerges = test::IndexTest;

TEST_F(SegmentMerges, LeaveFewSegmentsAndRarelyWriteOneAgain) {
  constexpr unsigned kBackups = 300;
  std::size_t most = 0;
  repository = open(false);
  for (unsigned i = 0; i < kBackups; ++i) {
    put(1, 4);
    rewrite({});
    most = std::max(most, segments());
  }

  EXPECT_LE(most, 24u);
  EXPECT_LE(segments_put, static_cast<int>(kBackups + kBackups / 6));
  EXPECT_EQ(load(false)->index.blobs(), kBackups * 4);
}

TEST_F(SegmentMerges, LeaveFullSegmentsAlone) {
  const std::string full = put(6, 8000);
  for (int i = 0; i < 20; ++i) put(1, 4);
  const auto truth = facts(load(false)->index);
  rewrite({});

  EXPECT_TRUE(world.memory.objects().contains(full));
  EXPECT_EQ(segments(), 2u);
  EXPECT_EQ(facts(load(false)->index), truth);
}

TEST_F(SegmentMerges, SplitALargeSegmentThatNamesAPackThatIsGone) {
  const Segment large = made_up_segment(world.random, 12, 12'000);
  put(large);
  rewrite({large.packs[5].id});

  std::size_t largest = 0;
  for (const auto& [name, bytes] : world.memory.objects())
    if (name.starts_with(kIndexPrefix)) largest = std::max(largest, bytes.size());
  EXPECT_LT(largest, 4u << 20);
  const auto loaded = load(false);
  EXPECT_EQ(loaded->index.pack(large.packs[5].id), nullptr);
  EXPECT_EQ(loaded->index.blobs(), large.blobs.size() - 12'000);
  for (const SegmentBlob& blob : large.blobs)
    ASSERT_EQ(loaded->index.has(large.packs[blob.pack].kind, key_of(blob.id)), blob.pack != 5);
}

TEST_F(SegmentMerges, LoseNothingWhereverTheyAreInterrupted) {
  for (int i = 0; i < 9; ++i) put(2, 3);
  const Segment large = made_up_segment(world.random, 4, 16'000);
  put(large);
  net::run(world.memory.sync());
  const std::map<std::string, Bytes> before = world.memory.objects();
  const auto blobs = load(false)->index.blobs();
  for (std::size_t nth = 0;; ++nth) {
    ASSERT_LT(nth, 100u);
    world.memory.objects() = before;
    world.memory.reset_calls();
    world.memory.die_at(nth);
    bool died = false;
    try {
      rewrite({ObjectId::make(world.random)});
    } catch (const Error&) {
      died = true;
    }
    world.memory.revive();
    world.memory.cut_power();
    ASSERT_EQ(load(false)->index.blobs(), blobs) << "died at call " << nth;
    if (!died) break;
  }
}

}  // namespace
}  // namespace stash::engine
