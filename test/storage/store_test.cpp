#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utime.h>

#include <filesystem>
#include <fstream>

#include "stash/base/page_buffer.hpp"
#include "stash/storage/local_store.hpp"
#include "stash/storage/memory_store.hpp"
#include "storage/direct_io.hpp"
#include "storage/local_files.hpp"
#include "storage/store_suite.hpp"
#include "support/faulty_store.hpp"
#include "support/temp_dir.hpp"

namespace stash::test {
namespace {

struct LocalPlace {
  TempDir dir;
};

StoreHolder local_store() {
  auto place = std::make_shared<LocalPlace>();
  return {place, std::make_shared<storage::LocalStore>(place->dir / "new/repo")};
}

INSTANTIATE_TEST_SUITE_P(
    Stores, StoreSuite,
    testing::Values(StoreKind{"Memory",
                              [] {
                                return StoreHolder{nullptr, std::make_shared<storage::MemoryStore>()};
                              }},
                    StoreKind{"Faulty",
                              [] {
                                return StoreHolder{nullptr, std::make_shared<FaultyStore>()};
                              }},
                    StoreKind{"Local", local_store}),
    [](const auto& info) { return info.param.name; });

class LocalStoreTest : public testing::Test {
 protected:
  void put(const std::string& name, const std::string& text) {
    const std::vector<ByteView> parts{as_bytes(text)};
    net::run(store_.put(name, parts));
  }

  TempDir dir_;
  storage::LocalStore store_{dir_ / "repo"};
};

TEST_F(LocalStoreTest, LargeObjectsComeBackWhereverTheyAndTheirRangesEnd) {
  constexpr std::uint64_t kMuch = std::uint64_t{3} << 20;
  for (const std::uint64_t more :
       {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{4095}, std::uint64_t{5000}}) {
    const PageBuffer memory(kMuch + more);
    for (std::size_t i = 0; i < memory.size(); ++i)
      memory.bytes()[i] = static_cast<std::byte>(i * 2'654'435'761u >> 13);
    const ByteView object = memory.bytes();
    const std::string name = "packs/" + std::to_string(more);
    const std::vector<ByteView> parts{object};
    net::run(store_.put(name, parts));

    for (const bool cached : {false, true}) {
      if (cached) std::ifstream(dir_ / ("repo/" + name)).ignore(static_cast<std::streamsize>(kMuch / 2));
      for (const storage::Range range :
           {storage::Range::whole(), storage::Range(1, 2u << 20), storage::Range(4096, 1u << 20),
            storage::Range(777'777, 5u << 20), storage::Range::last((1u << 20) + 3)}) {
        const Bytes got = net::run(store_.get(name, range));
        const std::uint64_t begin = range.from_end ? object.size() - range.length : range.offset;
        const ByteView want = object.subspan(begin, std::min(range.length, object.size() - begin));
        EXPECT_TRUE(std::ranges::equal(got, want)) << more << " " << range.offset << " " << cached;
      }
    }
  }
}

TEST_F(LocalStoreTest, LargeObjectsStayOutOfThePageCache) {
  constexpr std::size_t kSize = std::size_t{8} << 20;
  const PageBuffer memory(kSize);
  std::ranges::fill(memory.bytes(), std::byte{1});
  const std::vector<ByteView> parts{memory.bytes()};
  net::run(store_.put("packs/one", parts));
  const int fd = ::open((dir_ / "repo/packs/one").c_str(), O_RDONLY | O_CLOEXEC | O_DIRECT);
  if (fd < 0) GTEST_SKIP() << "the file system has no way past its cache";
  net::run(store_.get("packs/one", storage::Range::whole()));
  EXPECT_FALSE(storage::is_cached(fd, 0, std::uint64_t{1} << 20));

  std::ifstream(dir_ / "repo/packs/one").ignore(kSize);
  EXPECT_EQ(net::run(store_.get("packs/one", storage::Range::whole())).size(), kSize);
  ::close(fd);
}

TEST_F(LocalStoreTest, KeepsItsFilesFromOthers) {
  put("keys/one", "secret");

  struct stat file {};
  struct stat folder {};
  ASSERT_EQ(::stat((dir_ / "repo/keys/one").c_str(), &file), 0);
  ASSERT_EQ(::stat((dir_ / "repo/keys").c_str(), &folder), 0);
  EXPECT_EQ(file.st_mode & 0777u, 0600u);
  EXPECT_EQ(folder.st_mode & 0777u, 0700u);
}

TEST_F(LocalStoreTest, DoesNotListWhatAKilledWriterLeftAndRemovesItOnceOld) {
  put("config", "x");
  const std::string fresh = dir_ / "repo/.tmp-fresh";
  const std::string old = dir_ / "repo/.tmp-old";
  std::ofstream(fresh) << "partial";
  std::ofstream(old) << "partial";
  const utimbuf long_ago{1'000'000, 1'000'000};
  ASSERT_EQ(::utime(old.c_str(), &long_ago), 0);

  const auto listed = net::run(storage::list_all(store_, ""));

  ASSERT_EQ(listed.size(), 1u);
  EXPECT_EQ(listed[0].name, "config");
  EXPECT_EQ(::access(fresh.c_str(), F_OK), 0);
  EXPECT_NE(::access(old.c_str(), F_OK), 0);
}

TEST_F(LocalStoreTest, AnEntryThatCannotBeLookedAtIsNotPassedOver) {
  put("snapshots/one", "x");
  std::filesystem::create_symlink("loop", dir_ / "repo/snapshots/loop");

  try {
    net::run(storage::list_all(store_, "snapshots/"));
    FAIL() << "no error";
  } catch (const Error& e) {
    EXPECT_NE(std::string(e.what()).find("repo/snapshots/loop"), std::string::npos) << e.what();
  }
}

TEST_F(LocalStoreTest, ListsNothingWhereThereIsNoDirectoryYet) {
  EXPECT_TRUE(net::run(storage::list_all(store_, "")).empty());
}

TEST_F(LocalStoreTest, SyncReachesTheDirectoryOfWhatWasListed) {
  for (const char* name : {"packs/aa/1", "packs/bb/2"}) put(name, "x");
  storage::LocalStore another(dir_ / "repo");
  net::run(storage::list_all(another, "packs/"));

  std::filesystem::remove_all(dir_ / "repo/packs/bb");

  EXPECT_THROW(net::run(another.sync()), Error);
}

TEST_F(LocalStoreTest, NewDirectoriesAreEntriesOfTheOnesAboveThem) {
  const auto before = std::filesystem::current_path();
  std::filesystem::current_path(dir_.path());
  const auto relative = storage::make_dirs("one");
  const auto deeper = storage::make_dirs("two/three");
  std::filesystem::current_path(before);
  const auto absolute = storage::make_dirs(dir_ / "four/five");
  const auto again = storage::make_dirs(dir_ / "four");

  EXPECT_EQ(relative, (std::vector<std::string>{"."}));
  EXPECT_EQ(deeper, (std::vector<std::string>{".", "two"}));
  EXPECT_EQ(absolute, (std::vector<std::string>{dir_.path(), dir_ / "four"}));
  EXPECT_TRUE(again.empty());
}

TEST_F(LocalStoreTest, SaysThatAPathIsNotADirectory) {
  std::ofstream(dir_ / "repo") << "a file";

  EXPECT_THROW(put("config", "x"), Error);
}

TEST(FaultyStore, LosesWhatWasNotSynced) {
  FaultyStore store;
  const std::vector<ByteView> parts{as_bytes("x")};
  net::run(store.put("kept", parts));
  net::run(store.sync());
  net::run(store.put("lost", parts));

  store.cut_power();

  EXPECT_TRUE(store.objects().contains("kept"));
  EXPECT_FALSE(store.objects().contains("lost"));
}

}  // namespace
}  // namespace stash::test
