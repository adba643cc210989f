#include <gtest/gtest.h>

#include "engine/snapshot_fixture.hpp"
#include "stash/engine/remove.hpp"

namespace stash::engine {
namespace {

using test::World;

template <class T>
std::optional<ErrorKind> failure_of(Task<T> task) {
  return test::kind_of([&] { net::run(std::move(task)); });
}

void put_text(World& world, const std::string& name, std::string_view text) {
  world.memory.objects()[name] = copy_of(as_bytes(text));
}

TEST(Repository, OpensWithItsPasswordOnly) {
  World world;
  net::run(test::init_raw(world.memory, world.environment()));
  const auto repository = net::run(test::open_raw(world.memory, world.environment()));

  EXPECT_EQ(repository->id().size(), 32u);
  EXPECT_EQ(failure_of(Repository::open(world.memory, Secret("wrong"), world.environment())),
            ErrorKind::Denied);
}

TEST(Repository, AnEmptyPlaceHasNone) {
  World world;
  EXPECT_EQ(failure_of(test::open_raw(world.memory, world.environment())), ErrorKind::NotFound);
}

TEST(Repository, ASecondInitIsRefusedAndChangesNothing) {
  World world;
  net::run(test::init_raw(world.memory, world.environment()));
  const auto before = world.memory.objects();

  EXPECT_EQ(failure_of(test::init_raw(world.memory, world.environment())), ErrorKind::Conflict);
  EXPECT_EQ(world.memory.objects(), before);
}

TEST(Repository, PlacesOfOtherProgramsAreRefusedWithTheirName) {
  const std::string hash(64, 'a');
  const std::map<std::string, std::map<std::string, std::string>> places{
      {"restic", {{"config", "\x01\x02 ciphertext"}, {"keys/" + hash, "{}"}}},
      {"kopia", {{"kopia.repository.f", "{}"}}},
      {"borg", {{"config", "[repository]\nversion = 1\n"}, {"data/0/1", "x"}}},
  };
  for (const auto& [whose, objects] : places) {
    World world;
    for (const auto& [name, text] : objects) put_text(world, name, text);
    for (const bool init : {true, false}) {
      try {
        if (init)
          net::run(test::init_raw(world.memory, world.environment()));
        else
          net::run(test::open_raw(world.memory, world.environment()));
        ADD_FAILURE() << whose << " was accepted";
      } catch (const Error& e) {
        EXPECT_EQ(e.kind(), ErrorKind::Unsupported);
        EXPECT_NE(std::string(e.what()).find("holds a " + whose + " repository"), std::string::npos)
            << e.what();
      }
    }
    EXPECT_EQ(world.memory.objects().size(), objects.size());
  }
}

TEST(Repository, ForeignObjectsUnderOurNamesAreRefused) {
  for (const char* name : {"config", "packs/ab/x", "index/x", "snapshots/x", "tomb/x"}) {
    World world;
    put_text(world, name, "something");
    EXPECT_EQ(failure_of(test::init_raw(world.memory, world.environment())), ErrorKind::Invalid) << name;
  }
}

TEST(Repository, AnInitThatWasInterruptedAnywhereCanBeRunAgain) {
  for (std::size_t n = 0;; ++n) {
    World world;
    world.memory.die_at(n);
    const bool failed = failure_of(test::init_raw(world.memory, world.environment())).has_value();
    world.memory.revive();
    world.memory.cut_power();
    if (failed && !world.memory.objects().contains("config"))
      net::run(test::init_raw(world.memory, world.environment()));
    EXPECT_NO_THROW(net::run(test::open_raw(world.memory, world.environment()))) << "stopped at call " << n;
    if (!failed) break;
  }
}

TEST(Repository, ADamagedConfigIsToldFromAWrongPassword) {
  World world;
  net::run(test::init_raw(world.memory, world.environment()));
  Bytes& config = world.memory.objects()["config"];
  const auto at = std::string(as_text(config)).find("created\":\"2") + 10;
  config[at] = std::byte{'1'};

  EXPECT_EQ(failure_of(test::open_raw(world.memory, world.environment())), ErrorKind::Corrupt);
}

TEST(Repository, KeysCanBeAddedListedAndRemovedButNotTheCurrentOne) {
  World world;
  net::run(test::init_raw(world.memory, world.environment()));
  auto repository = net::run(test::open_raw(world.memory, world.environment()));
  const Secret other(std::string(50, 'x'));
  const std::string added = net::run(repository->add_key(other, Kdf::Raw, "second"));
  const auto keys = net::run(repository->keys());
  ASSERT_EQ(keys.size(), 2u);
  const std::string current = keys[0].current ? keys[0].id : keys[1].id;

  EXPECT_EQ(failure_of(repository->remove_key(current)), ErrorKind::Invalid);
  EXPECT_EQ(failure_of(repository->remove_key("00112233445566778899aabbccddeeff")), ErrorKind::NotFound);
  auto second = net::run(Repository::open(world.memory, other, world.environment()));
  EXPECT_EQ(second->id(), repository->id());
  net::run(second->remove_key(current));
  EXPECT_EQ(failure_of(test::open_raw(world.memory, world.environment())), ErrorKind::Denied);
  EXPECT_NO_THROW(net::run(Repository::open(world.memory, other, world.environment())));
}

TEST(Repository, ADamagedSlotDoesNotLockOutTheOthers) {
  World world;
  net::run(test::init_raw(world.memory, world.environment()));
  put_text(world, "keys/00000000000000000000000000000000", "rubbish");

  EXPECT_NO_THROW(net::run(test::open_raw(world.memory, world.environment())));
}

TEST(Repository, SnapshotsAreFoundByIdEndingAndLatest) {
  World world;
  net::run(test::init_raw(world.memory, world.environment()));
  auto repository = net::run(test::open_raw(world.memory, world.environment()));
  const Snapshot first = net::run(test::make_snapshot(*repository, test::some_files(3, 1)));
  world.timers.advance(std::chrono::hours(1));
  const Snapshot second = net::run(test::make_snapshot(*repository, test::some_files(3, 2)));
  const SnapshotFilter all;
  SnapshotFilter elsewhere;
  elsewhere.host = "host-9";

  EXPECT_EQ(net::run(repository->find_snapshot("latest", all)).id, second.id);
  EXPECT_EQ(net::run(repository->find_snapshot(first.id, all)).id, first.id);
  EXPECT_EQ(net::run(repository->find_snapshot(first.short_id(), all)).id, first.id);
  EXPECT_EQ(failure_of(repository->find_snapshot("latest", elsewhere)), ErrorKind::NotFound);
  EXPECT_EQ(failure_of(repository->find_snapshot("zzzzzzzz", all)), ErrorKind::NotFound);
  EXPECT_EQ(failure_of(repository->find_snapshot(first.id.substr(0, 4), all)), ErrorKind::Invalid);
  EXPECT_EQ(net::run(repository->snapshots(all)).size(), 2u);
}

// --- Its removal ---

TEST(RepositoryRemoval, TakesWhatIsOursAndLeavesTheRest) {
  World world;
  net::run(test::init_raw(world.memory, world.environment()));
  const auto repository = net::run(test::open_raw(world.memory, world.environment()));
  net::run(test::make_snapshot(*repository, test::some_files(5, 1)));
  const std::uint64_t ours = world.memory.objects().size();
  world.memory.objects()["other/packs/file"] = Bytes(3);

  EXPECT_EQ(net::run(remove_repository(world.memory)), ours);

  EXPECT_EQ(world.memory.objects().size(), 1u);
  EXPECT_TRUE(world.memory.objects().contains("other/packs/file"));
  EXPECT_EQ(net::run(remove_repository(world.memory)), 0u);
}

TEST(RepositoryRemoval, IsGoneOnWithAfterEveryInterruption) {
  World world;
  net::run(test::init_raw(world.memory, world.environment()));
  const auto repository = net::run(test::open_raw(world.memory, world.environment()));
  net::run(test::make_snapshot(*repository, test::some_files(5, 1)));
  const auto start = world.memory.objects();
  bool failed = true;
  for (std::size_t n = 0; failed; ++n) {
    world.memory.objects() = start;
    world.memory.reset_calls();
    world.memory.die_at(n);
    failed = test::kind_of([&] { net::run(remove_repository(world.memory)); }).has_value();
    world.memory.revive();
    net::run(remove_repository(world.memory));
    EXPECT_TRUE(world.memory.objects().empty()) << n;
  }
}

TEST(RepositoryRemoval, RefusesAnotherToolsRepository) {
  World world;
  world.memory.objects()["config"] = Bytes(200);
  world.memory.objects()["keys/" + std::string(64, 'a')] = Bytes(200);

  EXPECT_EQ(test::kind_of([&] { net::run(remove_repository(world.memory)); }), ErrorKind::Unsupported);
  EXPECT_EQ(world.memory.objects().size(), 2u);
}

}  // namespace
}  // namespace stash::engine
