#include "stash/engine/repair.hpp"

#include <gtest/gtest.h>

#include "engine/snapshot_fixture.hpp"

namespace stash::engine {
namespace {

using test::Files;
using test::World;

struct Repairs : ::testing::Test {
  Repairs() {
    net::run(test::init_raw(world.memory, world.environment()));
    for (unsigned i = 0; i < 4; ++i) {
      files.push_back(test::some_files(5, i));
      snapshots.push_back(net::run(test::make_snapshot(*open(), files.back())));
    }
  }
  std::unique_ptr<Repository> open() { return net::run(test::open_raw(world.memory, world.environment())); }
  RepairResult repair(bool dry_run = false) {
    Progress progress;
    return net::run(repair_index(*open(), dry_run, progress));
  }
  void expect_whole() {
    const auto repository = open();
    const CheckResult result = test::check_all(*repository);
    EXPECT_TRUE(result.ok()) << result.errors.front();
    for (std::size_t i = 0; i < snapshots.size(); ++i)
      EXPECT_EQ(net::run(test::read_snapshot(*repository, snapshots[i].id)), files[i]);
  }

  World world;
  std::vector<Files> files;
  std::vector<Snapshot> snapshots;
};

TEST_F(Repairs, LeaveAWholeIndexAsItIs) {
  const auto before = world.memory.objects();
  const RepairResult result = repair();
  EXPECT_EQ(result.packs_added + result.packs_forgotten + result.segments_dropped, 0u);
  EXPECT_EQ(world.memory.objects(), before);
}

TEST_F(Repairs, BringBackAnIndexThatIsGone) {
  const std::size_t packs = world.names("packs/").size();
  for (const std::string& name : world.names("index/")) world.memory.objects().erase(name);
  const RepairResult result = repair();
  EXPECT_EQ(result.packs_added, packs);
  EXPECT_TRUE(result.problems.empty());
  expect_whole();

  const auto before = world.memory.objects();
  repair();
  EXPECT_EQ(world.memory.objects(), before) << "a second one has nothing to do";
}

TEST_F(Repairs, ReplaceSegmentsThatCannotBeRead) {
  for (const std::string& name : world.names("index/")) world.memory.objects()[name].back() ^= std::byte{1};
  const RepairResult result = repair();
  EXPECT_EQ(result.segments_dropped, 4u);
  EXPECT_GT(result.packs_added, 0u);
  expect_whole();
}

TEST_F(Repairs, AlsoThoseOfWhichTheHeaderIsDamaged) {
  std::size_t at = 4;
  for (const std::string& name : world.names("index/")) world.memory.objects()[name].at(at++) ^= std::byte{1};
  const RepairResult result = repair();
  EXPECT_EQ(result.segments_dropped, 4u);
  expect_whole();
}

TEST_F(Repairs, LeaveOutPacksThatAreGone) {
  world.memory.objects().erase(world.names("packs/").front());
  EXPECT_EQ(repair().packs_forgotten, 1u);
  EXPECT_EQ(repair().packs_forgotten, 0u);
  // The content is stored again by the next backup that meets it.
  for (std::size_t i = 0; i < files.size(); ++i)
    snapshots[i] = net::run(test::make_snapshot(*open(), files[i]));
  for (std::size_t i = 0; i < files.size(); ++i)
    EXPECT_EQ(net::run(test::read_snapshot(*open(), snapshots[i].id)), files[i]);
}

TEST_F(Repairs, NameAPackWhoseFooterOrHeaderIsDamaged) {
  for (const std::string& name : world.names("index/")) world.memory.objects().erase(name);
  const std::string pack = world.names("packs/").front();
  const auto before = world.memory.objects();
  for (const std::size_t at : {std::size_t{4}, std::size_t{5}, before.at(pack).size() - 20}) {
    world.memory.objects() = before;
    world.memory.objects()[pack].at(at) ^= std::byte{1};
    const RepairResult result = repair();
    ASSERT_EQ(result.problems.size(), 1u);
    EXPECT_NE(result.problems[0].find(pack), std::string::npos) << result.problems[0];
  }
}

TEST_F(Repairs, ADryRunChangesNothing) {
  for (const std::string& name : world.names("index/")) world.memory.objects().erase(name);
  const auto before = world.memory.objects();
  EXPECT_GT(repair(true).packs_added, 0u);
  EXPECT_EQ(world.memory.objects(), before);
}

TEST_F(Repairs, EveryFaultLeavesWhatCanBeRepairedAgain) {
  for (const std::string& name : world.names("index/")) world.memory.objects()[name].back() ^= std::byte{1};
  const auto start = world.memory.objects();
  std::size_t n = 0;
  for (bool failed = true; failed; ++n) {
    world.memory.objects() = start;
    const auto repository = open();
    world.memory.reset_calls();
    world.memory.die_at(n);
    Progress progress;
    failed = test::kind_of([&] { net::run(repair_index(*repository, false, progress)); }).has_value();
    world.memory.revive();
    world.memory.cut_power();
    repair();
    expect_whole();
  }
  EXPECT_GT(n, 10u);
}

}  // namespace
}  // namespace stash::engine
