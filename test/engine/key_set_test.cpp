#include "engine/index/key_set.hpp"

#include <gtest/gtest.h>

#include "engine/engine_fixture.hpp"

namespace stash::engine {
namespace {

TEST(KeySet, TellsEveryKeyThatItHasSeen) {
  test::SeededRandom random;
  KeySet keys;
  std::vector<BlobKey> all(100'000);
  for (BlobKey& key : all) key = {random.number(), random.number()};

  for (const BlobKey& key : all) ASSERT_TRUE(keys.insert(key));
  for (const BlobKey& key : all) ASSERT_FALSE(keys.insert(key));
  EXPECT_TRUE(keys.insert({UINT64_MAX, UINT64_MAX}));
  EXPECT_TRUE(keys.insert({UINT64_MAX, UINT64_MAX - 1})) << "beside it, round the end of the table";
  EXPECT_FALSE(keys.insert({UINT64_MAX, UINT64_MAX}));
}

}  // namespace
}  // namespace stash::engine
