#include "engine/backup/extent_map.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <numeric>
#include <random>

#include "engine/backup/file_tree.hpp"
#include "support/nasty_tree.hpp"
#include "support/temp_dir.hpp"

namespace stash::engine {
namespace {

using Extents = std::vector<Extent>;

/// Runs of a byte with these holes between them.
Extents with_holes(const std::vector<std::uint64_t>& holes) {
  ExtentMap map;
  std::uint64_t at = 0;
  map.add({at, 1});
  for (const std::uint64_t hole : holes) {
    at += 1 + hole;
    map.add({at, 1});
  }
  return std::move(map).finish();
}

std::vector<std::uint64_t> holes_in(const Extents& runs) {
  std::vector<std::uint64_t> holes;
  for (std::size_t i = 1; i < runs.size(); ++i)
    holes.push_back(runs[i].offset - runs[i - 1].offset - runs[i - 1].length);
  return holes;
}

TEST(ExtentMap, KeepsFewRunsAsTheyAre) {
  EXPECT_TRUE(ExtentMap().finish().empty());
  EXPECT_EQ(with_holes({5, 1}), (Extents{{0, 1}, {6, 1}, {8, 1}}));
  const std::vector<std::uint64_t> even(Entry::kMaxExtents - 1, 4);
  EXPECT_EQ(holes_in(with_holes(even)), even);
}

TEST(ExtentMap, LeavesTheLargestHolesOfVeryMany) {
  std::vector<std::uint64_t> holes(50'000);
  std::iota(holes.begin(), holes.end(), std::uint64_t{1});
  std::mt19937_64 order(1);
  std::ranges::shuffle(holes, order);
  const Extents runs = with_holes(holes);

  std::vector<std::uint64_t> largest;
  for (const std::uint64_t hole : holes)
    if (hole > holes.size() - (Entry::kMaxExtents - 1)) largest.push_back(hole);
  EXPECT_EQ(holes_in(runs), largest);
  EXPECT_EQ(runs.front().offset, 0u);
  EXPECT_EQ(runs.back().offset + runs.back().length,
            std::accumulate(holes.begin(), holes.end(), holes.size() + 1));
}

TEST(ExtentMap, HasNeverMoreRunsThanAnEntryMay) {
  for (const std::size_t count : {1000u, 1001u, 2000u, 2001u, 3500u}) {
    const Extents even = with_holes(std::vector<std::uint64_t>(count, 4096));
    EXPECT_LE(even.size(), Entry::kMaxExtents) << count;
    EXPECT_EQ(even.back().offset + even.back().length, count * 4097 + 1) << count;
  }
}

TEST(LinuxTree, TellsTheRunsOfAFinelyHoledFileJoined) {
  constexpr int kRuns = 3000;
  const stash::test::TempDir dir;
  const int fd = open((dir / "image").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
  for (int i = 0; i < kRuns; ++i) stash::test::must(pwrite(fd, "x", 1, off_t{8192} * i) == 1, "pwrite");
  close(fd);
  const Extents runs = LinuxTree().open(dir.path())->open_file("image")->extents(8192 * (kRuns - 1) + 1);

  EXPECT_LE(runs.size(), Entry::kMaxExtents);
  for (std::uint64_t i = 0; i < kRuns; ++i)
    EXPECT_TRUE(std::ranges::any_of(runs, [&](const Extent& run) {
      return run.offset <= 8192 * i && 8192 * i < run.offset + run.length;
    })) << i;
}

}  // namespace
}  // namespace stash::engine
