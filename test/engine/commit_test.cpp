#include <gtest/gtest.h>

#include "engine/hooked_store.hpp"
#include "engine/oracle.hpp"

namespace stash::engine {
namespace {

using test::Files;
using test::HookedStore;
using test::World;

Task<Snapshot> open_and_back_up(storage::Store& store, Environment environment, Files files) {
  const auto repository = co_await test::open_raw(store, environment);
  co_return co_await test::make_snapshot(*repository, std::move(files));
}

/// What holds after any backup that failed or died: earlier snapshots as they were, no errors, later backups
/// work.
void expect_sound(World& world, const test::Reported& expected) {
  const auto repository = net::run(test::open_raw(world.memory, world.environment()));
  EXPECT_EQ(test::whole(*repository, expected), "");
}

enum class Fault {
  Once,       ///< the call fails and does nothing
  OnceLate,   ///< the call does its work, the answer is lost
  Death,      ///< the process dies before the call
  LateDeath,  ///< the process dies after the call
  PowerCut,   ///< the machine dies before the call and loses what was not synced
};

class EveryFault : public ::testing::TestWithParam<Fault> {
 protected:
  void plant(stash::test::FaultyStore& store, std::size_t call) const {
    store.reset_calls();
    const bool late = GetParam() == Fault::OnceLate || GetParam() == Fault::LateDeath;
    const bool once = GetParam() == Fault::Once || GetParam() == Fault::OnceLate;
    if (once || late) store.fail_call(call, ErrorKind::Unavailable, late);
    if (!once) store.die_at(late ? call + 1 : call);
  }
  void heal(stash::test::FaultyStore& store) const {
    store.fail_never();
    store.revive();
    if (GetParam() == Fault::PowerCut) store.cut_power();
  }
  bool survives() const { return GetParam() == Fault::Once || GetParam() == Fault::OnceLate; }
};

TEST_P(EveryFault, LeavesNoSnapshotOrASoundOneAndHarmsNoOther) {
  const Files old_files = test::some_files(10, 1);
  Files new_files = test::some_files(10, 2);
  new_files.insert(old_files.begin(), old_files.end());
  std::size_t n = 0;
  for (bool done = false; !done; ++n) {
    World world;
    net::run(test::init_raw(world.memory, world.environment()));
    const Snapshot old = net::run(open_and_back_up(world.memory, world.environment(), old_files));
    test::Reported expected{{old.id, old_files}};
    bool failed = false;
    plant(world.memory, n);
    try {
      const Snapshot made = net::run(open_and_back_up(world.memory, world.environment(), new_files));
      expected[made.id] = new_files;
    } catch (const Error& e) {
      EXPECT_EQ(e.kind(), ErrorKind::Unavailable) << e.what();
      failed = true;
    }
    done = world.memory.calls() <= n;
    heal(world.memory);
    expect_sound(world, expected);
    const auto repository = net::run(test::open_raw(world.memory, world.environment()));
    for (const Snapshot& s : net::run(repository->snapshots({}))) {
      if (s.id != old.id)
        EXPECT_EQ(net::run(test::read_snapshot(*repository, s.id)), new_files) << "call " << n;
    }
    if (failed && survives()) EXPECT_EQ(net::run(repository->snapshots({})).size(), 1u) << "call " << n;
    const Snapshot again = net::run(open_and_back_up(world.memory, world.environment(), new_files));
    expected[again.id] = new_files;
    expect_sound(world, expected);
  }
  EXPECT_GT(n, 15u);
}

INSTANTIATE_TEST_SUITE_P(Commit, EveryFault,
                         ::testing::Values(Fault::Once, Fault::OnceLate, Fault::Death, Fault::LateDeath,
                                           Fault::PowerCut));

TEST(Commit, IsVisibleOnlyAfterPacksAndSegments) {
  World world;
  net::run(test::init_raw(world.memory, world.environment()));
  std::vector<std::string> order;
  HookedStore staged(world.memory);
  staged.on_call = [&](const std::string& call) { order.push_back(call.substr(0, call.find('/'))); };
  net::run(open_and_back_up(staged, world.environment(), test::some_files(5, 1)));
  std::vector<std::string> writes;
  for (const std::string& call : order)
    if ((call.starts_with("put") || call == "sync") && (writes.empty() || writes.back() != call))
      writes.push_back(call);

  EXPECT_EQ(writes,
            (std::vector<std::string>{"put packs", "sync", "put index", "sync", "put snapshots", "sync"}));
  EXPECT_EQ(order.back(), "list tomb");
}

TEST(Commit, OneThatComesTooLateIsNeverVisible) {
  World world;
  net::run(test::init_raw(world.memory, world.environment()));
  const Files files = test::some_files(5, 1);
  const Snapshot old = net::run(open_and_back_up(world.memory, world.environment(), files));
  HookedStore staged(world.memory);
  bool visible = false;
  staged.on_call = [&](const std::string& call) { visible = visible || call.starts_with("put snapshots/"); };
  const auto late = net::run(test::open_raw(staged, world.environment()));
  net::run(late->impl().load_index(Index::Scope::Members));
  const auto other = net::run(test::open_raw(world.memory, world.environment()));
  net::run(other->impl().remove_snapshot(old.id));
  EXPECT_GT(net::run(prune(*other, test::at_once())).packs_deleted, 0u);

  EXPECT_EQ(test::kind_of([&] { net::run(test::make_snapshot(*late, files)); }), ErrorKind::Corrupt);
  EXPECT_FALSE(visible);
}

TEST(Commit, ASnapshotThatCannotBeWithdrawnIsMarkedAndLeftOut) {
  World world;
  net::run(test::init_raw(world.memory, world.environment()));
  HookedStore staged(world.memory);
  bool committed = false;
  staged.on_call = [&](const std::string& call) {
    committed = committed || call.starts_with("put snapshots/");
    if (call.starts_with("remove ")) throw Error(ErrorKind::Denied, "append-only");
    if (committed && call == "list tomb/") throw Error(ErrorKind::Unavailable, "staged fault");
  };
  EXPECT_EQ(
      test::kind_of([&] { net::run(open_and_back_up(staged, world.environment(), test::some_files(5, 1))); }),
      ErrorKind::Unavailable);
  const auto repository = net::run(test::open_raw(world.memory, world.environment()));
  EXPECT_TRUE(net::run(repository->snapshots({})).empty());
  EXPECT_EQ(test::check_all(*repository).snapshots, 0u);

  net::run(prune(*repository, test::at_once()));
  for (const auto& [name, bytes] : world.memory.objects())
    EXPECT_FALSE(name.starts_with("snapshots/")) << name;
}

}  // namespace
}  // namespace stash::engine
