#include "stash/engine/retag.hpp"

#include <gtest/gtest.h>

#include "engine/hooked_store.hpp"
#include "engine/oracle.hpp"
#include "engine/repository/tombs.hpp"

namespace stash::engine {
namespace {

using test::Files;
using test::World;
using Tags = std::vector<std::string>;

struct Retags : ::testing::Test {
  Retags() {
    net::run(test::init_raw(world.memory, world.environment()));
    first = net::run(test::make_snapshot(*open(), files));
  }
  std::unique_ptr<Repository> open() { return net::run(test::open_raw(world.memory, world.environment())); }
  std::vector<Retagged> add(Tags tags) {
    TagChange change;
    change.add = std::move(tags);
    return net::run(retag(*open(), {}, {}, change));
  }
  Task<void> add_meanwhile() {
    const auto repository = co_await test::open_raw(world.memory, world.environment());
    TagChange change;
    change.add = {"monthly"};
    co_await retag(*repository, {}, {}, change);
  }
  static Task<void> nothing() { co_return; }
  std::vector<Snapshot> all() { return net::run(open()->snapshots({})); }

  World world;
  Files files = test::some_files(5, 1);
  Snapshot first;
};

TEST(TagChange, SetsThenRemovesThenAdds) {
  TagChange change;
  change.add = {"new", "old"};
  change.remove = {"bad"};
  EXPECT_EQ(change.apply({"old", "bad"}), (Tags{"old", "new"}));
  change = {};
  change.replace = true;
  change.set = {"only"};
  EXPECT_EQ(change.apply({"old", "bad"}), Tags{"only"});
  change.set = {};
  EXPECT_EQ(change.apply({"old", "bad"}), Tags{});
}

TEST_F(Retags, GiveTheSameSnapshotUnderANewId) {
  const auto changed = add({"monthly"});
  ASSERT_EQ(changed.size(), 1u);
  EXPECT_EQ(changed[0].before, first.id);
  const auto now = all();
  ASSERT_EQ(now.size(), 1u);
  EXPECT_EQ(now[0].id, changed[0].after);
  EXPECT_NE(now[0].id, first.id);
  EXPECT_EQ(now[0].tags, Tags{"monthly"});
  EXPECT_EQ(now[0].start, first.start);
  EXPECT_EQ(now[0].bytes_stored, first.bytes_stored);
  EXPECT_EQ(net::run(test::read_snapshot(*open(), now[0].id)), files);
}

TEST_F(Retags, LeaveAloneWhatHasTheTagsAlready) {
  add({"monthly"});
  const auto before = world.memory.objects();
  EXPECT_TRUE(add({"monthly"}).empty());
  EXPECT_EQ(world.memory.objects(), before);
}

TEST_F(Retags, OneNamedTwiceIsChangedOnce) {
  TagChange change;
  change.add = {"monthly"};
  EXPECT_EQ(net::run(retag(*open(), {first.id, "latest"}, {}, change)).size(), 1u);
}

TEST_F(Retags, WhatIsForgottenMeanwhileStaysForgotten) {
  test::HookedStore store(world.memory);
  const auto repository = net::run(test::open_raw(store, world.environment()));
  store.on_call = [&](const std::string& call) {
    if (call.starts_with("put snapshots/")) world.memory.objects().erase("snapshots/" + first.id);
  };
  TagChange change;
  change.add = {"monthly"};
  EXPECT_EQ(test::kind_of([&] { net::run(retag(*repository, {}, {}, change)); }), ErrorKind::Conflict);
  EXPECT_TRUE(all().empty());
}

TEST_F(Retags, WhatIsCondemnedStaysForAPruneThatSeesNeitherSnapshot) {
  Tomb tomb;
  for (const std::string& name : world.names("packs/")) tomb.packs.push_back(*parse_pack_name(name));
  net::run(publish_tomb(open()->impl(), std::move(tomb)));
  world.timers.advance(std::chrono::hours(25));
  test::HookedStore store(world.memory);
  bool done = false;
  // After the list of snapshots: the old one is gone before it is read, the new one is not listed.
  store.run_before = [&](const std::string& call) {
    const bool now = call.starts_with("get snapshots/") && !std::exchange(done, true);
    return now ? add_meanwhile() : nothing();
  };
  const auto pruning = net::run(test::open_raw(store, world.environment()));
  PruneOptions options = test::at_once();
  options.grace = std::chrono::hours(24);
  EXPECT_GT(net::run(prune(*pruning, options)).packs_deleted, 0u);

  ASSERT_EQ(all().size(), 1u);
  EXPECT_EQ(all()[0].tags, Tags{"monthly"});
  EXPECT_EQ(test::whole(*open(), {{all()[0].id, files}}), "");
  world.timers.advance(std::chrono::hours(25));
  net::run(prune(*open(), options));
  EXPECT_EQ(test::whole(*open(), {{all()[0].id, files}}), "");
}

TEST_F(Retags, EveryFaultLeavesTheSnapshotWhole) {
  const auto start = world.memory.objects();
  std::size_t n = 0;
  for (bool failed = true; failed; ++n) {
    world.memory.objects() = start;
    const auto repository = open();
    world.memory.reset_calls();
    world.memory.die_at(n);
    TagChange change;
    change.add = {"monthly"};
    failed = test::kind_of([&] { net::run(retag(*repository, {}, {}, change)); }).has_value();
    world.memory.revive();
    world.memory.cut_power();
    ASSERT_FALSE(all().empty()) << "died at call " << n;
    for (const Snapshot& snapshot : all())
      EXPECT_EQ(net::run(test::read_snapshot(*open(), snapshot.id)), files);
  }
  EXPECT_GT(n, 8u);
}

}  // namespace
}  // namespace stash::engine
