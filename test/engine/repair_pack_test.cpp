#include "engine/hooked_store.hpp"
#include "engine/repair_fixture.hpp"

namespace stash::engine {
namespace {

using test::at_once;
using test::HookedStore;

using RepairPacks = test::RepairTest;

/// Something else runs whole at a chosen call.
struct Meanwhile : test::RepairTest {
  Task<void> prune_meanwhile() {
    const auto repository = co_await test::open_raw(world.memory, world.environment());
    co_await prune(*repository, at_once());
  }
  Task<void> back_up_meanwhile(const test::Files& wanted, std::string& made) {
    const auto repository = co_await test::open_raw(world.memory, world.environment());
    const Snapshot snapshot = co_await test::make_snapshot(*repository, wanted);
    made = snapshot.id;
  }
  static Task<void> nothing() { co_return; }
};

TEST_F(RepairPacks, LeaveSoundPacksAsTheyAre) {
  const auto before = world.memory.objects();
  const RepairPacksResult result = repair_all_packs();

  EXPECT_EQ(result.packs_read, world.names("packs/").size());
  EXPECT_EQ(result.packs_damaged + result.packs_condemned + result.blobs_lost, 0u);
  EXPECT_EQ(world.memory.objects(), before);
}

TEST_F(RepairPacks, SaveWhatIsGoodAndCountWhatIsLost) {
  const std::string pack = packs(BlobKind::Data).front();
  const std::uint64_t blobs = blobs_in(pack);
  flip(pack, kHeaderSize + 5);
  const RepairPacksResult result = repair_all_packs();

  EXPECT_EQ(result.packs_damaged, 1u);
  EXPECT_EQ(result.packs_condemned, 1u);
  EXPECT_EQ(result.blobs_lost, 1u);
  EXPECT_EQ(result.blobs_saved, blobs - 1);
  ASSERT_EQ(result.problems.size(), 1u);
  EXPECT_NE(result.problems[0].find(fmt::format("{}: 1 of {} blobs", pack, blobs)), std::string::npos)
      << result.problems[0];
  EXPECT_EQ(whole(), 2u);
  EXPECT_EQ(repair_all_packs().packs_damaged, 0u) << "what is condemned is not looked at again";
}

TEST_F(RepairPacks, LoseNothingWhenOnlyTheEndsOfAPackAreDamaged) {
  for (const std::string& name : world.names("packs/")) {
    flip(name, 2);
    flip(name, world.memory.objects()[name].size() - 3);
  }
  const RepairPacksResult result = repair_all_packs();
  EXPECT_EQ(result.packs_condemned, result.packs_damaged);
  EXPECT_EQ(result.blobs_lost, 0u);
  prune_now();

  EXPECT_EQ(whole(), 3u);
  expect_sound();
}

TEST_F(Meanwhile, LoseNothingThatHasAnotherCopy) {
  const test::Files shared = test::some_files(4, 9, 70'000);
  HookedStore hooked(world.memory);
  bool done = false;
  std::string other;
  hooked.run_before = [&](const std::string& call) {
    const bool now = call.starts_with("put packs/") && !std::exchange(done, true);
    return now ? back_up_meanwhile(shared, other) : nothing();
  };
  const auto before = world.names("packs/");
  const auto writing = net::run(test::open_raw(hooked, world.environment()));
  const Snapshot twice = net::run(test::make_snapshot(*writing, shared));
  std::vector<std::string> fresh;
  for (const std::string& name : packs(BlobKind::Data))
    if (std::ranges::count(before, name) == 0) fresh.push_back(name);
  ASSERT_GE(fresh.size(), 2u);
  for (const std::size_t part : {1u, 2u, 3u})
    flip(fresh[0], world.memory.objects()[fresh[0]].size() * part / 4);
  const RepairPacksResult result = repair_all_packs();

  EXPECT_EQ(result.packs_condemned, 1u);
  EXPECT_EQ(result.blobs_lost, 0u);
  EXPECT_EQ(read(twice.id), shared);
  EXPECT_EQ(read(other), shared);
}

TEST_F(RepairPacks, TheNextBackupStoresAgainWhatWasLost) {
  flip(packs(BlobKind::Data).front(), kHeaderSize + 5);
  EXPECT_EQ(repair_all_packs().blobs_lost, 1u);
  for (const test::Files& content : files) EXPECT_EQ(read(back_up(content).id), content);

  EXPECT_EQ(whole(), 3u) << "the damaged snapshot is healed with it";
  prune_now();
  EXPECT_EQ(whole(), 3u);
  expect_sound();
}

TEST_F(RepairPacks, APruneAfterwardsKeepsTheDamagedPackAndGoesOn) {
  const std::string pack = packs(BlobKind::Data).front();
  flip(pack, kHeaderSize + 5);
  repair_all_packs();
  forget(back_up(test::some_files(5, 77)));
  const PruneResult result = prune_now();

  EXPECT_EQ(result.packs_damaged, 1u);
  EXPECT_GT(result.packs_deleted, 0u);
  EXPECT_EQ(world.memory.objects().count(pack), 1u) << "what is needed of it is nowhere else";
  EXPECT_EQ(whole(), 2u);
  for (std::size_t i = 0; i < snapshots.size(); ++i) forget(snapshots[i]);
  EXPECT_EQ(prune_now().packs_damaged, 0u);
  EXPECT_EQ(world.memory.objects().count(pack), 0u) << "nobody needs it any more";
}

TEST_F(RepairPacks, OnlyTheNamedOnes) {
  const auto data = packs(BlobKind::Data);
  flip(data[0], kHeaderSize + 5);
  flip(data[1], kHeaderSize + 5);
  RepairPacksOptions options;
  options.ids = {data[1], parse_pack_name(data[1])->hex()};
  const RepairPacksResult result = repair_some_packs(options);
  EXPECT_EQ(result.packs_read, 1u);
  EXPECT_EQ(result.packs_condemned, 1u);

  EXPECT_EQ(test::kind_of([&] { repair_some_packs(options); }), ErrorKind::Conflict);
  options.ids = {std::string(32, 'f')};
  EXPECT_EQ(test::kind_of([&] { repair_some_packs(options); }), ErrorKind::NotFound);
  options.ids = {"snapshots/x"};
  EXPECT_EQ(test::kind_of([&] { repair_some_packs(options); }), ErrorKind::Invalid);
}

TEST_F(RepairPacks, APackOfWhichNothingIsKnownIsToldAndLeftAlone) {
  const std::string pack = packs(BlobKind::Data).front();
  for (const std::string& name : world.names("index/")) world.memory.objects().erase(name);
  flip(pack, world.memory.objects()[pack].size() - 20);
  RepairPacksOptions options;
  options.ids = {pack};
  const RepairPacksResult result = repair_some_packs(options);

  EXPECT_EQ(result.packs_damaged, 1u);
  EXPECT_EQ(result.packs_condemned, 0u);
  ASSERT_EQ(result.problems.size(), 1u);
  EXPECT_TRUE(world.names("tomb/").empty());
}

TEST_F(RepairPacks, ADryRunTellsTheSameAndChangesNothing) {
  flip(packs(BlobKind::Data).front(), kHeaderSize + 5);
  const auto before = world.memory.objects();
  const RepairPacksResult told = repair_all_packs(true);
  EXPECT_EQ(world.memory.objects(), before);
  const RepairPacksResult done = repair_all_packs();

  EXPECT_EQ(told.blobs_saved, done.blobs_saved);
  EXPECT_EQ(told.blobs_lost, done.blobs_lost);
  EXPECT_EQ(told.packs_condemned, 0u);
}

TEST_F(RepairPacks, EndedAtAnyCallHaveLostNothing) {
  const std::string data = packs(BlobKind::Data).front();
  const std::string tree = packs(BlobKind::Tree).front();
  flip(data, 2);
  flip(tree, 2);
  const auto start = world.memory.objects();
  std::size_t n = 0;
  for (bool failed = true; failed; ++n) {
    world.memory.objects() = start;
    const auto repository = open();
    world.memory.reset_calls();
    world.memory.die_at(n);
    Progress progress;
    failed = test::kind_of([&] { net::run(repair_packs(*repository, {}, progress)); }).has_value();
    world.memory.revive();
    world.memory.cut_power();
    EXPECT_EQ(whole(), 3u) << "call " << n;
    prune_now();
    EXPECT_EQ(whole(), 3u) << "call " << n;
    EXPECT_EQ(repair_all_packs().blobs_lost, 0u);
    prune_now();
    EXPECT_EQ(whole(), 3u) << "call " << n;
    expect_sound();
  }
  EXPECT_GT(n, 15u);
}

TEST_F(Meanwhile, ABackupOrAPruneAtAnyCallLosesNothing) {
  flip(packs(BlobKind::Data).front(), 2);
  const auto start = world.memory.objects();
  for (const bool prunes : {false, true}) {
    std::size_t n = 0;
    for (bool reached = true; reached; ++n) {
      world.memory.objects() = start;
      HookedStore hooked(world.memory);
      const auto repository = net::run(test::open_raw(hooked, world.environment()));
      std::size_t calls = 0;
      std::string made;
      hooked.run_before = [&](const std::string&) {
        if (calls++ != n) return nothing();
        return prunes ? prune_meanwhile() : back_up_meanwhile(files[0], made);
      };
      Progress progress;
      net::run(repair_packs(*repository, {}, progress));
      reached = calls > n;
      prune_now();
      EXPECT_EQ(whole(), 3u) << "call " << n;
      if (!made.empty()) EXPECT_EQ(read(made), files[0]) << "call " << n;
    }
    EXPECT_GT(n, 15u);
  }
}

}  // namespace
}  // namespace stash::engine
