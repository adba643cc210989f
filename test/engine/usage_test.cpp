#include "stash/engine/usage.hpp"

#include "backup_fixture.hpp"

namespace stash::engine::test {
namespace {

using UsageTest = BackupTest;

TEST_F(UsageTest, CountsWhatAHostHasOnceAndWhatHostsShareForEach) {
  make_dir(dir_ / "n");
  write_file(dir_ / "n/shared", random_text(1'000'000, 1));
  for (const char* host : {"a", "a", "b"}) {
    BackupOptions of_host = options({dir_ / "n"});
    of_host.host = host;
    back_up(of_host);
  }
  write_file(dir_ / "n/own", random_text(500'000, 2));
  BackupOptions of_b = options({dir_ / "n"});
  of_b.host = "b";
  back_up(of_b);
  const std::vector<Usage> usages = net::run(usage(*repository_, {}, UsageBy::Host));

  ASSERT_EQ(usages.size(), 2u);
  EXPECT_EQ(usages[0].host, "a");
  EXPECT_EQ(usages[0].snapshots, 2u);
  EXPECT_EQ(usages[0].restore_bytes, 2'000'000u);
  EXPECT_GE(usages[0].unique_bytes, 1'000'000u);
  EXPECT_LT(usages[0].unique_bytes, 1'010'000u);
  EXPECT_EQ(usages[1].host, "b");
  EXPECT_EQ(usages[1].restore_bytes, 2'500'000u);
  EXPECT_GE(usages[1].unique_bytes, 1'500'000u);
  EXPECT_LT(usages[1].unique_bytes, 1'510'000u);
  EXPECT_GT(usages[1].blobs, usages[0].blobs);
}

TEST_F(UsageTest, GroupsByTheSetOfPathsAndHonoursTheFilter) {
  for (const char* name : {"x", "y"}) {
    make_dir(dir_ / name);
    write_file(dir_ / name + "/file", "content");
  }
  back_up(dir_ / "x");
  back_up(options({dir_ / "x", dir_ / "y"}));
  BackupOptions elsewhere = options({dir_ / "y"});
  elsewhere.host = "elsewhere";
  back_up(elsewhere);
  SnapshotFilter here;
  here.host = "host-0";
  const std::vector<Usage> usages = net::run(usage(*repository_, here, UsageBy::Path));

  ASSERT_EQ(usages.size(), 2u);
  EXPECT_EQ(usages[0].paths, (std::vector<std::string>{dir_ / "x"}));
  EXPECT_EQ(usages[1].paths, (std::vector<std::string>{dir_ / "x", dir_ / "y"}));
  EXPECT_EQ(usages[1].snapshots, 1u);
}

}  // namespace
}  // namespace stash::engine::test
