#include "engine/repair/content_remains.hpp"

#include <gtest/gtest.h>

namespace stash::engine {
namespace {

using Extents = std::vector<Extent>;

Entry plain_file(std::uint64_t size) {
  Entry entry;
  entry.path = "/f";
  entry.size = size;
  return entry;
}

TEST(ContentRemains, ALostPieceBecomesAHoleAndTheRestStaysInItsPlace) {
  const Entry entry = plain_file(100);
  ContentRemains remains(entry);

  EXPECT_TRUE(remains.take(30));
  remains.lose(20);
  EXPECT_TRUE(remains.take(25));
  EXPECT_TRUE(remains.take(25));
  EXPECT_EQ(remains.extents(), (Extents{{0, 30}, {50, 50}}));
}

TEST(ContentRemains, HolesOfTheFileStayHoles) {
  Entry entry = plain_file(1000);
  entry.sparse = true;
  entry.extents = {{100, 40}, {500, 60}};
  ContentRemains remains(entry);

  remains.lose(10);
  EXPECT_TRUE(remains.take(40));
  EXPECT_TRUE(remains.take(50));
  EXPECT_EQ(remains.extents(), (Extents{{110, 30}, {500, 60}}));
}

TEST(ContentRemains, MoreThanTheFileHasIsNotTaken) {
  const Entry entry = plain_file(100);
  ContentRemains remains(entry);

  EXPECT_TRUE(remains.take(60));
  EXPECT_FALSE(remains.take(41));
  EXPECT_FALSE(remains.take(UINT64_MAX));
  EXPECT_EQ(remains.extents(), (Extents{{0, 60}}));
}

TEST(ContentRemains, NeverHasMoreExtentsThanAnEntryMay) {
  const Entry entry = plain_file(10'000);
  ContentRemains remains(entry);
  std::size_t taken = 0;
  for (int i = 0; i < 2'000; ++i) {
    if (remains.take(2)) ++taken;
    remains.lose(1);
  }

  EXPECT_EQ(taken, Entry::kMaxExtents);
  EXPECT_EQ(remains.extents().size(), Entry::kMaxExtents);
}

}  // namespace
}  // namespace stash::engine
