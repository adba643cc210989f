#include "stash/engine/check.hpp"

#include <gtest/gtest.h>

#include <set>

#include "engine/repair/pack_subset.hpp"
#include "engine/snapshot_fixture.hpp"

namespace stash::engine {
namespace {

using test::World;

struct Checks : ::testing::Test {
  Checks() {
    net::run(test::init_raw(world.memory, world.environment()));
    const auto repository = open();
    for (unsigned i = 0; i < 2; ++i) net::run(test::make_snapshot(*repository, test::some_files(12, i)));
    whole = world.memory.objects();
  }
  std::unique_ptr<Repository> open() { return net::run(test::open_raw(world.memory, world.environment())); }
  CheckResult check_structure() {
    Progress progress;
    return net::run(check(*open(), {}, progress));
  }

  CheckResult read(PackSubset subset) {
    CheckOptions options;
    options.read_data = true;
    options.subset = subset;
    Progress progress;
    return net::run(check(*open(), options, progress));
  }

  World world;
  std::map<std::string, Bytes> whole;
};

TEST_F(Checks, FindNothingInACleanRepository) {
  const CheckResult structure = check_structure();
  EXPECT_TRUE(structure.ok()) << structure.errors.front();
  EXPECT_EQ(structure.snapshots, 2u);
  EXPECT_EQ(structure.bytes_read, 0u);
  const CheckResult data = test::check_all(*open());
  EXPECT_TRUE(data.ok()) << data.errors.front();
  EXPECT_GT(data.bytes_read, 500'000u);
  EXPECT_EQ(data.unused_packs, 0u);
}

TEST_F(Checks, StructureFindsEveryObjectThatIsGoneOrCutShort) {
  for (const auto& [name, bytes] : whole) {
    if (name == "config" || name.starts_with("keys/")) continue;
    // A snapshot that is gone is a forgotten one.
    if (!name.starts_with("snapshots/")) {
      world.memory.objects() = whole;
      world.memory.objects().erase(name);
      EXPECT_FALSE(check_structure().ok()) << name << " is gone";
    }
    world.memory.objects() = whole;
    world.memory.objects()[name].pop_back();
    EXPECT_FALSE(check_structure().ok()) << name << " is cut short";
  }
}

TEST_F(Checks, DataFindsEveryFlippedBit) {
  for (const auto& [name, bytes] : whole) {
    if (name == "config" || name.starts_with("keys/")) continue;
    const std::size_t step = bytes.size() / 23 + 1;
    for (std::size_t i = 0; i < bytes.size(); i += step) {
      world.memory.objects() = whole;
      world.memory.objects()[name][i] ^= std::byte{16};
      EXPECT_FALSE(test::check_all(*open()).ok()) << name << " byte " << i;
    }
    for (const std::size_t i :
         {std::size_t{0}, std::size_t{5}, bytes.size() - 1, bytes.size() - 6, bytes.size() - 16}) {
      world.memory.objects() = whole;
      world.memory.objects()[name][i] ^= std::byte{1};
      EXPECT_FALSE(test::check_all(*open()).ok()) << name << " byte " << i;
    }
  }
}

TEST_F(Checks, ObjectsUnderEachOthersNamesAreFound) {
  for (const char* prefix : {"packs/", "index/", "snapshots/"}) {
    world.memory.objects() = whole;
    auto first = world.memory.objects().lower_bound(prefix);
    auto second = std::next(first);
    ASSERT_TRUE(second->first.starts_with(prefix)) << prefix;
    std::swap(first->second, second->second);
    EXPECT_FALSE(test::check_all(*open()).ok()) << prefix;
  }
}

TEST_F(Checks, PacksThatNobodyNamesAreCountedAndNoError) {
  world.memory.objects()["packs/00/" + std::string(32, '0')] = Bytes(100);
  const CheckResult result = check_structure();

  EXPECT_TRUE(result.ok());
  EXPECT_EQ(result.unused_packs, 1u);
}

TEST_F(Checks, AShareOfTheDataCanBeRead) {
  const CheckResult result = read(PackShare{0.3});

  EXPECT_TRUE(result.ok());
  EXPECT_GT(result.bytes_read, 0u);
  EXPECT_LT(result.bytes_read, test::check_all(*open()).bytes_read);
}

TEST_F(Checks, ASizeOfTheDataCanBeReadAndAtLeastOnePackIs) {
  const std::uint64_t all = test::check_all(*open()).bytes_read;

  EXPECT_GT(read(PackBytes{1}).bytes_read, 0u);
  EXPECT_LT(read(PackBytes{1}).bytes_read, all);
  EXPECT_EQ(read(PackBytes{all}).bytes_read, all);
}

TEST_F(Checks, ThePartsOfTheDataAreTheSameEveryTimeAndTogetherAllOfIt) {
  std::uint64_t read_bytes = 0;
  for (std::uint32_t part = 1; part <= 3; ++part) {
    const std::uint64_t bytes = read(PackPart{part, 3}).bytes_read;
    EXPECT_EQ(read(PackPart{part, 3}).bytes_read, bytes);
    read_bytes += bytes;
  }
  EXPECT_EQ(read_bytes, test::check_all(*open()).bytes_read);
}

TEST_F(Checks, EveryPackIsInExactlyOnePart) {
  test::SeededRandom random;
  std::vector<Index::Pack> packs(1000);
  std::vector<const Index::Pack*> all;
  for (Index::Pack& pack : packs) {
    pack.id = ObjectId::make(random);
    all.push_back(&pack);
  }
  std::multiset<const Index::Pack*> chosen;
  for (std::uint32_t part = 1; part <= 7; ++part) {
    const auto some = choose_packs(all, PackPart{part, 7}, random);
    EXPECT_GT(some.size(), 90u) << "parts are about equal";
    chosen.insert(some.begin(), some.end());
  }
  EXPECT_EQ(chosen, std::multiset<const Index::Pack*>(all.begin(), all.end()));
}

}  // namespace
}  // namespace stash::engine
