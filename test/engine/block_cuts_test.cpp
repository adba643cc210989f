#include "engine/backup/block_cuts.hpp"

#include <gtest/gtest.h>

#include "stash/base/error.hpp"

namespace stash::engine {
namespace {

constexpr std::uint64_t kBlock = kFixedBlock;

FileStat stat_of(std::uint64_t size, std::uint64_t allocated) {
  FileStat stat;
  stat.size = size;
  stat.allocated = allocated;
  return stat;
}

TEST(BlockCuts, AreAlignedInTheFile) {
  BlockCuts cuts({{0, 3 * kBlock + 10}});
  EXPECT_EQ(cuts.next(0), kBlock);
  EXPECT_EQ(cuts.next(kBlock), kBlock);
  EXPECT_EQ(cuts.next(2 * kBlock), kBlock);
  EXPECT_EQ(cuts.next(3 * kBlock), 10u);
}

TEST(BlockCuts, NeverSpanAHole) {
  // Data at [4096, 8192) and [kBlock - 4096, kBlock + 4096).
  BlockCuts cuts({{4096, 4096}, {kBlock - 4096, 8192}});
  EXPECT_EQ(cuts.next(0), 4096u);
  EXPECT_EQ(cuts.next(4096), 4096u);  // up to the boundary inside the second run
  EXPECT_EQ(cuts.next(8192), 4096u);
  EXPECT_THROW(cuts.next(12288), Error);
}

TEST(BlockCuts, AreForImagesDatabasesAndLargeSparseFiles) {
  const std::uint64_t mib = 1u << 20;
  EXPECT_TRUE(is_cut_in_blocks("/v/disk.img", stat_of(16 * mib, 16 * mib)));
  EXPECT_TRUE(is_cut_in_blocks("/v/users.ibd", stat_of(100 * mib, 100 * mib)));
  EXPECT_TRUE(is_cut_in_blocks("/v/volume", stat_of(64 * mib, 63 * mib)));
  EXPECT_FALSE(is_cut_in_blocks("/v/volume", stat_of(64 * mib, 64 * mib)));
  EXPECT_FALSE(is_cut_in_blocks("/v/small.img", stat_of(mib, mib)));
  EXPECT_FALSE(is_cut_in_blocks("/v/film.mkv", stat_of(100 * mib, 100 * mib)));
}

}  // namespace
}  // namespace stash::engine
