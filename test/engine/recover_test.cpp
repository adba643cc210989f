#include "stash/engine/recover.hpp"

#include <set>

#include "engine/hooked_store.hpp"
#include "engine/repair_fixture.hpp"

namespace stash::engine {
namespace {

using test::at_once;
using test::HookedStore;

struct Recovers : test::RepairTest {
  RecoverResult recover_trees(std::vector<std::string> ids) {
    RecoverOptions options;
    options.ids = std::move(ids);
    Progress progress;
    return net::run(recover(*open(), std::move(options), progress));
  }
  void condemn() {
    PruneOptions options = at_once();
    options.grace = std::chrono::hours(24);
    EXPECT_GT(net::run(prune(*open(), options)).packs_condemned, 0u);
  }
};

TEST_F(Recovers, FindNothingWhereEveryTreeIsNamed) {
  const auto before = world.memory.objects();
  EXPECT_TRUE(recover_trees({}).trees.empty());
  EXPECT_TRUE(recover_trees({"all"}).snapshots.empty());
  EXPECT_EQ(world.memory.objects(), before);
}

TEST_F(Recovers, BringBackAForgottenSnapshotWhosePacksAreCondemned) {
  forget(snapshots[1]);
  condemn();
  const RecoverResult found = recover_trees({});
  ASSERT_EQ(found.trees.size(), 1u);
  EXPECT_EQ(found.trees[0].entries, files[1].size());
  EXPECT_EQ(found.trees[0].first, files[1].begin()->first);
  EXPECT_TRUE(found.snapshots.empty());
  const RecoverResult done = recover_trees({found.trees[0].id.substr(0, 10)});
  ASSERT_EQ(done.snapshots.size(), 1u);
  const Snapshot& made = done.snapshots[0];
  EXPECT_FALSE(made.complete);
  EXPECT_EQ(made.errors, 0u);
  EXPECT_EQ(made.tags, std::vector<std::string>{"recovered"});

  world.timers.advance(std::chrono::hours(25));
  EXPECT_GT(prune_now().packs_deleted, 0u);
  EXPECT_EQ(read(made.id), files[1]);
  expect_sound();
  EXPECT_TRUE(recover_trees({}).trees.empty());
}

TEST_F(Recovers, WhatAPruneHasDeletedIsNotThere) {
  forget(snapshots[1]);
  prune_now();

  EXPECT_TRUE(recover_trees({}).trees.empty());
  EXPECT_EQ(test::kind_of([&] { recover_trees({"abcdef"}); }), ErrorKind::NotFound);
}

TEST_F(Recovers, WhatIsLostOfATreeIsLeftOutAndNamed) {
  forget(snapshots[1]);
  for (const std::string& pack : packs(BlobKind::Data)) {
    const std::uint64_t blobs = blobs_in(pack);
    if (blobs > 0) flip(pack, kHeaderSize + 5);
  }
  repair_all_packs();
  const RecoverResult done = recover_trees({"all"});

  ASSERT_EQ(done.snapshots.size(), 1u);
  EXPECT_GT(done.snapshots[0].errors, 0u);
  EXPECT_FALSE(done.snapshots[0].first_errors.empty());
}

/// A store that keeps what is removed from it, as a bucket with versions does.
struct Undeletes : Recovers {
  Undeletes() : keeping(world.memory) {
    keeping.on_call = [this](const std::string& call) {
      if (!call.starts_with("remove ")) return;
      const std::string name = call.substr(7);
      const auto it = world.memory.objects().find(name);
      if (it != world.memory.objects().end()) removed.objects()[name] = it->second;
    };
  }
  std::unique_ptr<Repository> open_keeping() {
    return net::run(test::open_raw(keeping, world.environment()));
  }
  void forget_and_prune(const Snapshot& snapshot) {
    net::run(open_keeping()->impl().remove_snapshot(snapshot.id));
    net::run(prune(*open_keeping(), at_once()));
  }
  std::vector<ForgottenSnapshot> undelete_some(std::vector<std::string> ids) {
    return net::run(undelete(*open_keeping(), removed, std::move(ids)));
  }

  HookedStore keeping;
  storage::MemoryStore removed;
};

TEST_F(Undeletes, ListWhatWasForgotten) {
  EXPECT_TRUE(undelete_some({}).empty());
  forget_and_prune(snapshots[2]);
  forget_and_prune(snapshots[0]);
  const auto before = world.memory.objects();
  const auto found = undelete_some({});

  std::set<std::string> ids;
  for (const ForgottenSnapshot& one : found) {
    ids.insert(one.snapshot.id);
    EXPECT_EQ(one.after, "");
  }
  EXPECT_EQ(ids, (std::set<std::string>{snapshots[0].id, snapshots[2].id}));
  EXPECT_EQ(world.memory.objects(), before);
}

TEST_F(Undeletes, BringBackASnapshotWhosePacksAreDeleted) {
  forget_and_prune(snapshots[1]);
  const auto kept = removed.objects();
  const auto done = undelete_some({snapshots[1].short_id()});

  ASSERT_EQ(done.size(), 1u);
  EXPECT_EQ(done[0].entries_lost + done[0].files_damaged, 0u);
  EXPECT_NE(done[0].after, snapshots[1].id);
  EXPECT_EQ(read(done[0].after), files[1]);
  const auto repository = open();
  const Manifest manifest = net::run(repository->impl().manifest(done[0].after));
  EXPECT_EQ(manifest.snapshot.start, snapshots[1].start);
  EXPECT_EQ(manifest.snapshot.host, "host-0");
  EXPECT_TRUE(manifest.snapshot.complete);
  EXPECT_EQ(removed.objects(), kept);
  prune_now();
  EXPECT_EQ(read(done[0].after), files[1]);
  expect_sound();
}

TEST_F(Undeletes, BringBackASnapshotLongAfterItsTombIsGone) {
  forget_and_prune(snapshots[1]);
  const auto tombs = world.names("tomb/");
  forget_and_prune(snapshots[2]);
  world.timers.advance(std::chrono::hours(24 * 40));
  net::run(prune(*open_keeping(), at_once()));
  for (const std::string& name : world.names("tomb/")) ASSERT_EQ(std::ranges::count(tombs, name), 0) << name;
  const auto done = undelete_some({snapshots[1].id});

  EXPECT_EQ(read(done.at(0).after), files[1]);
  expect_sound();
}

TEST_F(Undeletes, WhatTheStoreDidNotKeepIsLeftOutAndNamed) {
  forget_and_prune(snapshots[1]);
  for (auto it = removed.objects().begin(); it != removed.objects().end();) {
    const auto id = parse_pack_name(it->first);
    const bool data = id && pack_kind(ByteView(it->second).first(kHeaderSize), *id) == BlobKind::Data;
    it = data ? removed.objects().erase(it) : std::next(it);
  }
  const auto done = undelete_some({snapshots[1].id});

  ASSERT_EQ(done.size(), 1u);
  EXPECT_EQ(done[0].files_damaged, files[1].size());
  const auto repository = open();
  EXPECT_FALSE(net::run(repository->impl().manifest(done[0].after)).snapshot.complete);
  expect_sound();
}

TEST_F(Undeletes, AManifestThatCannotBeReadHidesNoOther) {
  forget_and_prune(snapshots[2]);
  forget_and_prune(snapshots[0]);
  removed.objects().at("snapshots/" + snapshots[0].id).at(4) ^= std::byte{1};
  const auto found = undelete_some({});

  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].snapshot.id, snapshots[2].id);
}

TEST_F(Undeletes, WhatIsNoForgottenSnapshotIsRefused) {
  forget_and_prune(snapshots[1]);
  EXPECT_EQ(test::kind_of([&] { undelete_some({snapshots[0].id}); }), ErrorKind::NotFound);
}

}  // namespace
}  // namespace stash::engine
