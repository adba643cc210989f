#include <gtest/gtest.h>

#include "engine/hooked_store.hpp"
#include "engine/oracle.hpp"
#include "engine/prune/prune_plan.hpp"

namespace stash::engine {
namespace {

using test::at_once;
using test::Files;
using test::HookedStore;
using test::World;

struct Prunes : ::testing::Test {
  Prunes() { net::run(test::init_raw(world.memory, world.environment())); }

  std::unique_ptr<Repository> open() { return net::run(test::open_raw(world.memory, world.environment())); }
  Snapshot back_up(const Files& files) { return net::run(test::make_snapshot(*open(), files)); }
  void forget(const Snapshot& snapshot) { net::run(open()->impl().remove_snapshot(snapshot.id)); }
  PruneResult prune_with(PruneOptions options) { return net::run(prune(*open(), options)); }
  void expect_whole(const Snapshot& snapshot, const Files& files) {
    EXPECT_EQ(test::whole(*open(), {{snapshot.id, files}}), "");
  }

  World world;
};

TEST_F(Prunes, FreeWhatNoSnapshotNeedsAndKeepTheRest) {
  const Files kept = test::some_files(10, 1);
  const Snapshot keep = back_up(kept);
  const Snapshot gone = back_up(test::some_files(10, 2));
  const std::size_t packs = world.names("packs/").size();
  forget(gone);
  const PruneResult result = prune_with(at_once());

  EXPECT_GT(result.packs_deleted, 0u);
  EXPECT_GT(result.bytes_freed, 200'000u);
  EXPECT_EQ(result.bytes_waiting, 0u);
  EXPECT_EQ(world.names("packs/").size(), packs - result.packs_deleted);
  expect_whole(keep, kept);
}

TEST_F(Prunes, ASecondOneFindsNothingToDo) {
  const Files kept = test::some_files(10, 1);
  const Snapshot keep = back_up(kept);
  forget(back_up(test::some_files(10, 2)));
  prune_with(at_once());
  const auto before = world.memory.objects();
  const PruneResult again = prune_with(at_once());

  EXPECT_EQ(again.packs_deleted + again.packs_condemned + again.packs_rewritten, 0u);
  EXPECT_EQ(world.memory.objects(), before);
  expect_whole(keep, kept);
}

TEST_F(Prunes, OfTwoCopiesTheOneInTheNewerPackStays) {
  std::vector<std::string> newer;
  for (unsigned salt = 1; salt <= 6; ++salt) {
    const Files files = test::some_files(3, salt);
    const auto early = open();
    const auto late = open();
    net::run(late->impl().load_index(Index::Scope::Members));  // knows nothing of what the other stores
    net::run(test::make_snapshot(*early, files));
    const auto before = world.names("packs/");
    world.timers.advance(std::chrono::hours(1));
    net::run(test::make_snapshot(*late, files));
    const auto after = world.names("packs/");
    std::ranges::set_difference(after, before, std::back_inserter(newer));
  }
  EXPECT_EQ(world.names("packs/").size(), 2 * newer.size());
  prune_with(at_once());

  std::ranges::sort(newer);
  EXPECT_EQ(world.names("packs/"), newer);
}

TEST_F(Prunes, WaitForTheGraceTime) {
  PruneOptions options = at_once();
  options.grace = std::chrono::hours(24);
  forget(back_up(test::some_files(10, 2)));
  const std::size_t packs = world.names("packs/").size();
  const PruneResult first = prune_with(options);
  EXPECT_EQ(first.packs_deleted, 0u);
  EXPECT_EQ(first.packs_condemned, packs);
  EXPECT_GT(first.bytes_waiting, 0u);
  EXPECT_EQ(world.names("packs/").size(), packs);

  world.timers.advance(std::chrono::hours(23));
  EXPECT_EQ(prune_with(options).packs_deleted, 0u);
  world.timers.advance(std::chrono::hours(2));
  const PruneResult last = prune_with(options);
  EXPECT_EQ(last.packs_deleted, packs);
  EXPECT_EQ(last.bytes_freed, first.bytes_waiting);
  EXPECT_EQ(world.names("packs/").size(), 0u);
  EXPECT_EQ(world.names("index/").size(), 0u);
}

TEST_F(Prunes, LeaveYoungPacksAlone) {
  PruneOptions options = at_once();
  options.young = std::chrono::hours(48);
  forget(back_up(test::some_files(10, 2)));
  EXPECT_EQ(prune_with(options).packs_condemned, 0u);

  world.timers.advance(std::chrono::hours(49));
  EXPECT_GT(prune_with(options).packs_deleted, 0u);
}

TEST_F(Prunes, PacksDatedFarAheadAreNotYoung) {
  world.timers.advance(std::chrono::hours(24 * 365));
  forget(back_up(test::some_files(10, 2)));
  world.timers.advance(-std::chrono::hours(24 * 365));
  PruneOptions options = at_once();
  options.young = std::chrono::hours(48);
  EXPECT_GT(prune_with(options).packs_deleted, 0u);
  EXPECT_TRUE(world.names("packs/").empty());
}

TEST_F(Prunes, WhatATombDatedFarAheadCondemnsIsCondemnedAgainAndGoesAfterTheGraceTime) {
  PruneOptions options = at_once();
  options.grace = std::chrono::hours(24);
  forget(back_up(test::some_files(10, 2)));
  world.timers.advance(std::chrono::hours(24 * 365));
  EXPECT_GT(prune_with(options).packs_condemned, 0u);
  world.timers.advance(-std::chrono::hours(24 * 365));
  EXPECT_GT(prune_with(options).packs_condemned, 0u);
  EXPECT_EQ(prune_with(options).packs_condemned, 0u) << "once is enough";

  world.timers.advance(std::chrono::hours(25));
  EXPECT_GT(prune_with(options).packs_deleted, 0u);
  EXPECT_TRUE(world.names("packs/").empty());
}

TEST_F(Prunes, CopyTheLiveRestOfMostlyDeadPacks) {
  Files files = test::some_files(20, 1);
  const Snapshot all = back_up(files);
  while (files.size() > 3) files.erase(files.begin());
  const Snapshot few = back_up(files);
  forget(all);
  const PruneResult result = prune_with(at_once());

  EXPECT_GT(result.packs_rewritten, 0u);
  EXPECT_GT(result.packs_deleted, 0u);
  expect_whole(few, files);
}

TEST_F(Prunes, KeepAFewDeadBytesRatherThanCopyMuch) {
  Files files = test::some_files(40, 1);
  const Snapshot all = back_up(files);
  files.erase(files.begin());
  const Snapshot most = back_up(files);
  forget(all);
  PruneOptions options = at_once();
  options.max_unused = 0.05;

  EXPECT_EQ(prune_with(options).packs_rewritten, 0u);
  expect_whole(most, files);
}

TEST_F(Prunes, AreForeseenWithWhatOnlyForgottenSnapshotsNeed) {
  unsigned salt = 0;
  for (const Duration grace : {Duration::zero(), Duration(std::chrono::hours(24))}) {
    PruneOptions options = at_once();
    options.grace = grace;
    Files files = test::some_files(20, ++salt);
    const Snapshot all = back_up(files);
    while (files.size() > 3) files.erase(files.begin());
    back_up(files);
    const Snapshot other = back_up(test::some_files(10, ++salt));
    const auto before = world.memory.objects();
    const PruneResult nothing = net::run(foresee_prune(*open(), options, {}));
    const PruneResult foreseen = net::run(foresee_prune(*open(), options, {all.id, other.id}));

    EXPECT_EQ(world.memory.objects(), before);
    EXPECT_EQ(nothing.packs_condemned + nothing.packs_deleted, 0u);
    EXPECT_GT(foreseen.packs_rewritten, 0u);
    EXPECT_GT(foreseen.bytes_freed + foreseen.bytes_waiting, 200'000u);

    forget(all);
    forget(other);
    const PruneResult done = prune_with(options);
    EXPECT_EQ(foreseen.packs_condemned, done.packs_condemned);
    EXPECT_EQ(foreseen.packs_rewritten, done.packs_rewritten);
    EXPECT_EQ(foreseen.packs_deleted, done.packs_deleted);
    EXPECT_EQ(foreseen.bytes_freed, done.bytes_freed);
    EXPECT_EQ(foreseen.bytes_waiting, done.bytes_waiting);
  }
}

TEST_F(Prunes, RefuseToCallAnythingDeadWhenATreeCannotBeRead) {
  const Snapshot damaged = back_up(test::some_files(10, 1));
  forget(back_up(test::some_files(10, 2)));
  for (auto& [name, bytes] : world.memory.objects())
    if (name.starts_with("snapshots/")) bytes.back() ^= std::byte{1};
  const auto before = world.memory.objects();

  EXPECT_EQ(test::kind_of([&] { prune_with(at_once()); }), ErrorKind::Corrupt);
  EXPECT_EQ(world.memory.objects(), before);
  EXPECT_GT(net::run(foresee_prune(*open(), at_once(), {damaged.id})).packs_condemned, 0u);
}

TEST_F(Prunes, CopyEachPackOnceInGroupsOfFewEnoughBlobs) {
  for (unsigned i = 1; i <= 3; ++i) back_up(test::some_files(10, i));
  const auto repository = open();
  Survey now;
  net::run(take_survey(repository->impl(), now, {}));
  PrunePlan plan;
  for (const Index::Pack& pack : now.index().packs())
    if (pack.kind == BlobKind::Data) plan.to_copy.insert(pack.id);
  ASSERT_EQ(plan.to_copy.size(), 3u);

  const auto sizes = [&](std::uint64_t max_blobs) {
    std::vector<std::size_t> found;
    PackSet packs;
    for (const PackSet& group : copy_groups(now, plan, max_blobs)) {
      found.push_back(group.size());
      packs.insert(group.begin(), group.end());
    }
    EXPECT_EQ(packs, plan.to_copy);
    return found;
  };
  EXPECT_EQ(sizes(30), (std::vector<std::size_t>{3}));
  EXPECT_EQ(sizes(29), (std::vector<std::size_t>{2, 1}));
  EXPECT_EQ(sizes(19), (std::vector<std::size_t>{1, 1, 1}));
  EXPECT_EQ(sizes(1), (std::vector<std::size_t>{1, 1, 1}));
}

TEST_F(Prunes, TombsGoAMonthAfterALaterOneSettledThem) {
  constexpr auto kDay = std::chrono::hours(24);
  back_up(test::some_files(10, 1));
  forget(back_up(test::some_files(10, 2)));
  prune_with(at_once());
  const auto first = world.names("tomb/");
  ASSERT_EQ(first.size(), 1u);
  world.timers.advance(kDay * 365);
  prune_with(at_once());
  EXPECT_EQ(world.names("tomb/"), first) << "its age is what its own writer says";

  forget(back_up(test::some_files(10, 3)));
  prune_with(at_once());
  EXPECT_EQ(world.names("tomb/").size(), 2u);
  world.timers.advance(kDay * 29);
  prune_with(at_once());
  EXPECT_EQ(world.names("tomb/").size(), 2u);
  world.timers.advance(kDay * 2);
  prune_with(at_once());
  EXPECT_EQ(world.names("tomb/").size(), 1u);
  EXPECT_NE(world.names("tomb/"), first) << "the last one stays";
  const auto before = world.memory.objects();
  world.timers.advance(kDay * 365);
  prune_with(at_once());
  EXPECT_EQ(world.memory.objects(), before);
}

TEST_F(Prunes, OnAFullStoreLetWhatIsDeadGoAndCopyTheRestNextTime) {
  Files files = test::some_files(20, 1);
  const Snapshot all = back_up(files);
  while (files.size() > 3) files.erase(files.begin());
  const Snapshot few = back_up(files);
  forget(back_up(test::some_files(10, 2)));
  forget(all);
  HookedStore full(world.memory);
  full.on_call = [](const std::string& call) {
    if (call.starts_with("put packs/")) throw Error(ErrorKind::Exhausted, "no space left");
  };
  const PruneResult first = net::run(prune(*net::run(test::open_raw(full, world.environment())), at_once()));
  EXPECT_GT(first.packs_deleted, 0u);
  EXPECT_EQ(first.packs_rewritten, 0u);
  expect_whole(few, files);

  EXPECT_EQ(test::kind_of(
                [&] { net::run(prune(*net::run(test::open_raw(full, world.environment())), at_once())); }),
            ErrorKind::Exhausted)
      << "with nothing to free it says why";
  EXPECT_GT(prune_with(at_once()).packs_rewritten, 0u);
  expect_whole(few, files);
}

TEST_F(Prunes, ManySmallSegmentsBecomeOne) {
  Files files;
  Snapshot last;
  for (unsigned i = 0; i < 40; ++i) {
    files[fmt::format("/data/{}", i)] = test::random_bytes(200, i);
    last = back_up(files);
  }
  ASSERT_GE(world.names("index/").size(), 40u);
  PruneOptions options;
  prune_with(options);

  EXPECT_EQ(world.names("index/").size(), 1u);
  expect_whole(last, files);
}

/// Two operations of which one runs whole at a chosen call of the other.
struct Interleaved : Prunes {
  Task<void> forget_and_condemn(std::string snapshot) {
    const auto repository = co_await test::open_raw(world.memory, world.environment());
    co_await repository->impl().remove_snapshot(std::move(snapshot));
    co_await prune(*repository, with_grace());
  }
  /// Its packs go at once, a tomb for others settles theirs, and a collector whose clock is years ahead drops
  /// that.
  Task<void> forget_and_drop_tombs(std::string snapshot, net::Timers& wrong) {
    const auto repository = co_await test::open_raw(world.memory, world.environment());
    co_await repository->impl().remove_snapshot(std::move(snapshot));
    co_await prune(*repository, at_once());
    const Snapshot other = co_await test::make_snapshot(*repository, test::some_files(10, 2));
    co_await repository->impl().remove_snapshot(other.id);
    co_await prune(*repository, at_once());
    EXPECT_EQ(world.names("tomb/").size(), 2u);
    const Environment ahead(world.pool, wrong, world.random);
    const auto later = co_await test::open_raw(world.memory, ahead);
    co_await prune(*later, at_once());
    EXPECT_EQ(world.names("tomb/").size(), 1u);
  }
  Task<void> back_up_meanwhile(const Files& files, std::optional<Snapshot>& made) {
    const auto repository = co_await test::open_raw(world.memory, world.environment());
    made = co_await test::make_snapshot(*repository, files);
  }
  static Task<void> nothing() { co_return; }
  static PruneOptions with_grace() {
    PruneOptions options = at_once();
    options.grace = std::chrono::hours(24);
    return options;
  }
};

TEST_F(Interleaved, AWriterThatReliedOnACondemnedPackCopiesItBeforeItReportsSuccess) {
  const Files files = test::some_files(10, 1);
  const Snapshot old = back_up(files);
  HookedStore hooked(world.memory);
  bool done = false;
  // After the writer's look at the tombs, before its commit: the old snapshot goes and its packs are
  // condemned.
  hooked.run_before = [&](const std::string& call) {
    const bool now =
        call.starts_with("put snapshots/") && !std::exchange(done, done || call.starts_with("put snap"));
    return now ? forget_and_condemn(old.id) : nothing();
  };
  const auto writing = net::run(test::open_raw(hooked, world.environment()));
  const Snapshot made = net::run(test::make_snapshot(*writing, files));
  ASSERT_TRUE(done);
  ASSERT_EQ(world.names("tomb/").size(), 1u);
  world.timers.advance(std::chrono::hours(25));
  EXPECT_GT(prune_with(with_grace()).packs_deleted, 0u);

  expect_whole(made, files);
}

TEST_F(Interleaved, ASnapshotThatAppearsWhileAPruneRunsKeepsWhatItNeeds) {
  const Files files = test::some_files(10, 1);
  forget(back_up(files));
  HookedStore hooked(world.memory);
  std::optional<Snapshot> made;
  bool done = false;
  // After the survey, before the tomb: a backup relies on the very packs, meets no tomb and reports success.
  hooked.run_before = [&](const std::string& call) {
    const bool now =
        call.starts_with("put tomb/") && !std::exchange(done, done || call.starts_with("put tomb/"));
    return now ? back_up_meanwhile(files, made) : nothing();
  };
  const auto pruning = net::run(test::open_raw(hooked, world.environment()));
  net::run(prune(*pruning, at_once()));
  ASSERT_TRUE(made);
  expect_whole(*made, files);

  EXPECT_GT(prune_with(at_once()).packs_deleted, 0u) << "its blobs were copied, the condemned packs go";
  expect_whole(*made, files);
}

TEST_F(Interleaved, AWriterThatMissedATombThatCameAndWentFailsInsteadOfReportingWhatIsGone) {
  const Files files = test::some_files(10, 1);
  const Snapshot old = back_up(files);
  HookedStore hooked(world.memory);
  stash::test::ManualTimers wrong(world.timers.now() + std::chrono::hours(24 * 3653));
  bool done = false;
  hooked.run_before = [&](const std::string& call) {
    const bool now =
        call.starts_with("put snapshots/") && !std::exchange(done, done || call.starts_with("put snap"));
    return now ? forget_and_drop_tombs(old.id, wrong) : nothing();
  };
  const auto writing = net::run(test::open_raw(hooked, world.environment()));

  EXPECT_EQ(test::kind_of([&] { net::run(test::make_snapshot(*writing, files)); }), ErrorKind::Corrupt);
  ASSERT_TRUE(done);
  EXPECT_TRUE(net::run(open()->snapshots({})).empty());
}

TEST_F(Interleaved, WhatTwoWritersStoredTwiceIsCopiedOnceAndBothItsPacksGoAtOnce) {
  const Files shared = test::some_files(4, 1);
  Files one = test::some_files(10, 2);
  Files other = test::some_files(10, 3);
  one.insert(shared.begin(), shared.end());
  other.insert(shared.begin(), shared.end());
  HookedStore hooked(world.memory);
  std::optional<Snapshot> meanwhile;
  bool done = false;
  hooked.run_before = [&](const std::string& call) {
    const bool now = call.starts_with("put packs/") && !std::exchange(done, true);
    return now ? back_up_meanwhile(other, meanwhile) : nothing();
  };
  const auto writing = net::run(test::open_raw(hooked, world.environment()));
  const Snapshot first = net::run(test::make_snapshot(*writing, one));
  ASSERT_TRUE(meanwhile);
  const Snapshot kept = back_up(shared);
  forget(first);
  forget(*meanwhile);

  const PruneResult result = prune_with(at_once());
  EXPECT_GT(result.packs_rewritten, 0u);
  EXPECT_GT(result.packs_deleted, result.packs_rewritten)
      << "a pack with nothing but second copies goes, too";
  EXPECT_EQ(result.bytes_waiting, 0u);
  expect_whole(kept, shared);
}

TEST_F(Prunes, EveryFaultLeavesEverySnapshotWhole) {
  Files files = test::some_files(20, 1);
  const Snapshot all = back_up(files);
  while (files.size() > 3) files.erase(files.begin());
  const Snapshot few = back_up(files);
  forget(all);
  const auto start = world.memory.objects();
  for (const bool dies : {false, true}) {
    std::size_t n = 0;
    for (bool failed = true; failed; ++n) {
      world.memory.objects() = start;
      const auto repository = open();
      world.memory.reset_calls();
      if (dies)
        world.memory.die_at(n);
      else
        world.memory.fail_call(n, ErrorKind::Unavailable, n % 2 == 1);
      failed = test::kind_of([&] { net::run(prune(*repository, at_once())); }).has_value();
      world.memory.revive();
      world.memory.fail_never();
      if (dies) world.memory.cut_power();
      expect_whole(few, files);
      prune_with(at_once());
      expect_whole(few, files);
    }
    EXPECT_GT(n, 20u);
  }
}

}  // namespace
}  // namespace stash::engine
