// What holds over the whole life of a repository, whoever worked on it.

#include <gtest/gtest.h>

#include "engine/backup_fixture.hpp"
#include "engine/oracle.hpp"
#include "stash/engine/repair.hpp"

namespace stash::engine::test {
namespace {

std::string little_endian(std::uint64_t value, std::size_t bytes) {
  std::string text;
  for (std::size_t i = 0; i < bytes; ++i) text.push_back(static_cast<char>(value >> (8 * i)));
  return text;
}

/// A repository to which every operation was done, each by a process of its own.
struct Lifetime : ::testing::Test {
  Lifetime() {
    net::run(init_raw(writers, world.environment()));
    const Snapshot gone = back_up(some_files(40, 0, 50'000));
    for (unsigned i = 1; i < 4; ++i) back_up(some_files(20 + i, i / 2, 50'000));
    net::run(open(writers)->add_key(Secret(std::string(64, 'k')), Kdf::Raw, "one"));
    net::run(open(writers)->add_key(Secret(std::string(64, 'l')), Kdf::Scrypt, "two"));
    net::run(open(forgetters)->impl().remove_snapshot(gone.id));
    net::run(prune(*open(collectors), at_once()));
    std::erase_if(world.memory.objects(),
                  [](const auto& object) { return object.first.starts_with("index/"); });
    Progress progress;
    net::run(repair_index(*open(repairers), false, progress));
    back_up(some_files(9, 7, 50'000));
    net::run(prune(*open(collectors), at_once()));
  }

  std::unique_ptr<Repository> open(storage::Store& store) {
    return net::run(open_raw(store, world.environment()));
  }
  Snapshot back_up(const Files& files) { return net::run(make_snapshot(*open(writers), files)); }

  World world;
  Ledger ledger;
  LedgerStore writers{world.memory, ledger, Role::Writer};
  LedgerStore collectors{world.memory, ledger, Role::Collector};
  LedgerStore forgetters{world.memory, ledger, Role::Forgetter};
  LedgerStore repairers{world.memory, ledger, Role::Repairer};
};

TEST_F(Lifetime, NoKeyAndNonceSealTwoThings) {
  const auto repository = open(world.memory);
  EXPECT_EQ(ledger.repeats_a_nonce(repository->impl().keys), "");

  const auto slot = world.memory.objects().lower_bound("keys/");
  ledger.put("keys/" + std::string(32, 'a'), {slot->second});
  EXPECT_NE(ledger.repeats_a_nonce(repository->impl().keys), "") << "a slot with the salt of another one";
}

TEST_F(Lifetime, NothingIsOverwrittenAndOnlyCollectorsDelete) {
  EXPECT_EQ(ledger.wrong(), "");

  net::run(writers.remove(world.memory.objects().lower_bound("packs/")->first));
  EXPECT_NE(ledger.wrong(), "") << "a pack that a writer deleted";
}

TEST_F(Lifetime, EveryPackHasASizeThatManyOthersHave) {
  for (const auto& [name, bytes] : ledger.written())
    if (name.starts_with(kPacksPrefix)) EXPECT_EQ(bytes.size(), padme(bytes.size())) << name;
}

struct Stored : ::testing::Test {
  Stored() { net::run(init_raw(world.memory, world.environment())); }
  void back_up(Files files) {
    const auto repository = net::run(open_raw(world.memory, world.environment()));
    net::run(make_snapshot(*repository, std::move(files)));
  }

  World world;
};

TEST_F(Stored, ShowsNoContentsNoNamesAndNoSizes) {
  const std::string sentence = "the quick brown canary";
  const std::string noise(as_text(random_bytes(48, 5)));
  Files files;
  for (const std::string& content :
       {sentence, noise, sentence + std::string(123'457 - sentence.size(), '.')}) {
    files["/data/secret-name-" + std::to_string(files.size())] = copy_of(as_bytes(content));
  }
  const std::vector<std::string> canaries{sentence,
                                          noise,
                                          "secret-name",
                                          "/data",
                                          "host-0",
                                          "123457",
                                          little_endian(123'457, 4),
                                          little_endian(123'457, 8)};
  const Objects plain{{"/data", files.begin()->second}};
  back_up(files);

  EXPECT_EQ(shows(world.memory.objects(), canaries), "");
  EXPECT_NE(shows(plain, canaries), "");
}

TEST_F(Stored, FilesOfManySizesMakePacksOfFew) {
  std::set<std::size_t> files;
  for (unsigned size = 20'000; size < 20'400; size += 10) {
    back_up({{"/data/file", random_bytes(size, size)}});
    files.insert(size);
  }
  std::set<std::size_t> packs;
  for (const auto& [name, bytes] : world.memory.objects())
    if (name.starts_with(kPacksPrefix) && bytes.size() > 20'000) packs.insert(bytes.size());

  EXPECT_EQ(files.size(), 40u);
  EXPECT_GE(packs.size(), 1u);
  EXPECT_LE(packs.size(), 2u);
}

/// Ids of everything that the packs hold.
std::set<BlobId> ids_in(const Objects& objects, const Keys& keys) {
  std::set<BlobId> ids;
  for (const auto& [name, bytes] : objects)
    if (const auto pack = parse_pack_name(name))
      for (const PackBlob& blob : StoredFooter(keys, *pack, bytes).blobs) ids.insert(blob.id);
  return ids;
}

TEST_F(BackupTest, TheSameContentGivesTheSameIdsAndRootForAnyNumberOfThreads) {
  make_nasty_tree(dir_ / "n");
  for (unsigned i = 0; i < 200; ++i) write_file(dir_ / fmt::format("n/{}", i), random_text(i * 97, i));
  const Objects bare = world_.memory.objects();
  std::set<BlobId> roots;
  std::set<std::set<BlobId>> ids;
  for (const std::size_t threads : {1u, 2u, 3u, 8u, 64u}) {
    world_.memory.objects() = bare;
    net::Pool pool(threads);
    SeededRandom names(threads);
    const Environment environment(pool, world_.timers, names);
    repository_ = net::run(open_raw(world_.memory, environment));
    const BackupResult made = back_up(dir_ / "n");
    roots.insert(manifest_of(made.snapshot).root);
    ids.insert(ids_in(world_.memory.objects(), repository_->impl().keys));
    repository_.reset();
  }

  EXPECT_EQ(roots.size(), 1u);
  EXPECT_EQ(ids.size(), 1u);
  EXPECT_GT(ids.begin()->size(), 150u);
}

}  // namespace
}  // namespace stash::engine::test
