// A tomb that cannot be read stands in the way of those only who add or delete: what it condemned is not
// known.

#include <algorithm>
#include <functional>

#include "engine/repair_fixture.hpp"
#include "stash/engine/retag.hpp"

namespace stash::engine::test {
namespace {

constexpr std::size_t kVersionByte = 4;
constexpr std::size_t kSealedByte = 20;

/// Three snapshots and the packs of a forgotten one, condemned by a tomb that is damaged. Parameter: which
/// byte of it.
class DamagedTomb : public RepairTest, public ::testing::WithParamInterface<std::size_t> {
 protected:
  DamagedTomb() {
    const std::vector<std::string> before = world.names("packs/");
    forget(back_up(forgotten));
    PruneOptions options = at_once();
    options.grace = std::chrono::hours(24);
    net::run(prune(*open(), options));
    for (const std::string& name : world.names("packs/"))
      if (std::ranges::count(before, name) == 0) condemned.push_back(name);
    tomb = world.names("tomb/").at(0);
    flip(tomb, GetParam());
  }

  static ErrorKind kind() { return GetParam() == kVersionByte ? ErrorKind::Unsupported : ErrorKind::Corrupt; }
  RepairResult repair(bool dry_run = false) {
    Progress progress;
    return net::run(repair_index(*open(), dry_run, progress));
  }
  /// A backup that had its look at the tombs before there was this one.
  std::unique_ptr<Repository> looked_before() {
    const auto damaged = world.memory.objects().at(tomb);
    world.memory.objects().erase(tomb);
    auto repository = open();
    net::run(repository->impl().load_index(Index::Scope::Members));
    world.memory.objects()[tomb] = damaged;
    return repository;
  }
  /// Fails with what is the matter and what helps.
  void expect_refused(const std::function<void()>& operation) {
    try {
      operation();
      ADD_FAILURE() << "what it relies on may be about to be deleted";
    } catch (const Error& e) {
      EXPECT_EQ(e.kind(), kind());
      EXPECT_NE(std::string(e.what()).find(tomb), std::string::npos) << e.what();
      EXPECT_NE(std::string(e.what()).find("stash repair index"), std::string::npos) << e.what();
    }
  }

  const Files forgotten = some_files(6, 77, 70'000);
  std::vector<std::string> condemned;
  std::string tomb;
};

TEST_P(DamagedTomb, KeepsNobodyFromReading) {
  EXPECT_EQ(whole(), 3u);
  EXPECT_EQ(net::run(open()->snapshots({})).size(), 3u);
}

TEST_P(DamagedTomb, IsFoundByACheckThatReadsAllTheSame) {
  const CheckResult result = check_all(*open());
  ASSERT_EQ(result.errors.size(), 1u);
  EXPECT_NE(result.errors[0].find(tomb), std::string::npos) << result.errors[0];
  EXPECT_EQ(result.snapshots, 3u);
}

TEST_P(DamagedTomb, RefusesWhoAddsOrDeletesAndNothingChanges) {
  ASSERT_FALSE(condemned.empty());
  const auto before = world.memory.objects();
  expect_refused([&] { back_up(forgotten); });
  expect_refused([&] { prune_now(); });
  expect_refused([&] {
    TagChange change;
    change.add = {"monthly"};
    net::run(retag(*open(), {}, {}, change));
  });
  EXPECT_EQ(world.memory.objects(), before);
}

TEST_P(DamagedTomb, IsTakenAwayByARepairOfTheIndex) {
  const auto before = world.memory.objects();
  EXPECT_EQ(repair(true).tombs_dropped, 1u);
  EXPECT_EQ(world.memory.objects(), before);
  EXPECT_EQ(repair().tombs_dropped, 1u);
  EXPECT_EQ(world.names("tomb/").size(), 1u) << "one that names no pack";
  EXPECT_NE(world.names("tomb/").front(), tomb);
  EXPECT_EQ(repair().tombs_dropped, 0u);

  expect_sound();
  const Snapshot again = back_up(forgotten);
  prune_now();
  EXPECT_EQ(read(again.id), forgotten);
  EXPECT_EQ(whole(), 3u);
  expect_sound();
}

TEST_P(DamagedTomb, LeavesNoTraceOfPacksThatWereDeletedUnderIt) {
  for (const std::string& pack : condemned) world.memory.objects().erase(pack);
  EXPECT_EQ(repair().packs_forgotten, condemned.size());

  EXPECT_EQ(read(back_up(forgotten).id), forgotten);
  expect_sound();
}

TEST_P(DamagedTomb, ThatComesWhileABackupRunsFailsIt) {
  const auto repository = looked_before();

  expect_refused([&] { net::run(make_snapshot(*repository, forgotten)); });
  EXPECT_EQ(world.names("snapshots/").size(), 3u);
}

TEST_P(DamagedTomb, ThatIsTakenAwayWhileABackupRunsMakesItLookAgain) {
  const auto repository = looked_before();
  // Obeyed, then damaged and repaired.
  for (const std::string& pack : condemned) world.memory.objects().erase(pack);
  repair();

  EXPECT_EQ(kind_of([&] { net::run(make_snapshot(*repository, forgotten)); }), ErrorKind::Corrupt);
  EXPECT_EQ(world.names("snapshots/").size(), 3u);
}

INSTANTIATE_TEST_SUITE_P(AByteOf, DamagedTomb, ::testing::Values(kVersionByte, kSealedByte));

}  // namespace
}  // namespace stash::engine::test
