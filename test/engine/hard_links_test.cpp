#include "engine/snapshot/hard_links.hpp"

#include <sys/mount.h>

#include <cstdlib>
#include <fstream>
#include <map>

#include "backup_fixture.hpp"
#include "engine/snapshot_fixture.hpp"

namespace stash::engine::test {
namespace {

constexpr std::chrono::seconds kSecond(1);

Task<void> write_entries(BlobWriter& writer, Repository::Impl& repository, const std::vector<Entry>& entries,
                         Snapshot& made) {
  TreeWriter tree(writer, repository.tree_seed);
  for (const Entry& entry : entries) {
    const bool full = tree.add(entry);
    if (full) co_await tree.flush();
  }
  co_await commit_tree(writer, repository, tree, "/n", made);
}

/// Snapshots of /n that no quiet file system gives.
class HardLinksTest : public BackupTest {
 protected:
  /// A name of a file with two links.
  static Entry name_of_file(const std::string& path, const std::string& content) {
    Entry entry = file_entry("/n/" + path, {});
    entry.uid = geteuid();
    entry.gid = getegid();
    entry.inode = 7;
    entry.links = 2;
    entry.btime = TimePoint(kSecond);
    entry.inline_content = content;
    entry.size = content.size();
    return entry;
  }

  Snapshot snapshot_of(std::vector<Entry> entries) {
    Entry top = file_entry("/n", {});
    top.type = EntryType::Dir;
    top.mode = 0755;
    top.uid = geteuid();
    top.gid = getegid();
    entries.insert(entries.begin(), top);
    Repository::Impl& impl = repository_->impl();
    Snapshot made;
    Progress progress;
    net::run(impl.load_index(Index::Scope::Members));
    net::run(write_session(impl, progress,
                           [&](BlobWriter& writer) { return write_entries(writer, impl, entries, made); }));
    return made;
  }

  std::string out(const std::string& name) { return dir_ / "out/n/" + name; }
  static std::string read_back(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  static ino_t inode_of(const std::string& path) {
    struct stat info {};
    EXPECT_EQ(lstat(path.c_str(), &info), 0) << path;
    return info.st_ino;
  }

  /// The content of `names` below `dir`, one after another, with a number for each file they are names of.
  static std::string files_of(const std::string& dir, const std::vector<std::string>& names) {
    std::string told;
    std::map<ino_t, std::size_t> numbers;
    for (const std::string& name : names) {
      const std::size_t number = numbers.emplace(inode_of(dir + name), numbers.size()).first->second;
      told += fmt::format("{} {}: {}\n", number, name, read_back(dir + name));
    }
    return told;
  }
  std::string restored(const Snapshot& snapshot, const std::vector<std::string>& names) {
    const RestoreResult result = restore_to(snapshot, dir_ / "out");
    EXPECT_EQ(result.errors, 0u);
    return files_of(out(""), names);
  }
  std::string unpacked(const Snapshot& snapshot, const std::vector<std::string>& names) {
    std::ofstream archive(dir_ / "n.tar", std::ios::binary);
    const auto write = [&](ByteView part) -> Task<void> {
      archive << as_text(part);
      co_return;
    };
    net::run(dump_tar(*repository_, snapshot, "/n", write));
    archive.close();
    make_dir(dir_ / "unpacked");
    const std::string unpack = "tar -xf " + dir_ / "n.tar" + " -C " + dir_ / "unpacked";
    EXPECT_EQ(std::system(unpack.c_str()), 0);
    return files_of(dir_ / "unpacked/", names);
  }
  RestoreResult preview(const Snapshot& snapshot) {
    RestoreOptions options;
    options.target = dir_ / "out";
    Progress progress;
    return net::run(
        preview_restore(*repository_, snapshot, options, progress, [](char, const EntryInfo&) {}));
  }
};

TEST_F(HardLinksTest, MoreNamesThanLinksAreAllRestored) {
  const Snapshot snapshot = snapshot_of(
      {name_of_file("a", "x"), name_of_file("b", "x"), name_of_file("c", "x"), name_of_file("d", "x")});

  EXPECT_EQ(restored(snapshot, {"a", "b", "c", "d"}), "0 a: x\n0 b: x\n0 c: x\n0 d: x\n");
  EXPECT_EQ(unpacked(snapshot, {"a", "b", "c", "d"}), "0 a: x\n0 b: x\n1 c: x\n1 d: x\n");
}

TEST_F(HardLinksTest, NamesLongAfterTheLastLinkAreAFileOfTheirOwn) {
  std::vector<Entry> entries{name_of_file("a", "x"), name_of_file("b", "x")};
  for (unsigned i = 0; i < 1100; ++i) {
    Entry other = name_of_file(fmt::format("m{:04}", i), "other");
    other.inode = 1000 + i;
    other.links = 1;
    entries.push_back(std::move(other));
  }
  entries.push_back(name_of_file("y", "x"));
  entries.push_back(name_of_file("z", "x"));
  const Snapshot snapshot = snapshot_of(std::move(entries));

  EXPECT_EQ(restored(snapshot, {"a", "b", "y", "z"}), "0 a: x\n0 b: x\n1 y: x\n1 z: x\n");
}

TEST_F(HardLinksTest, AnInodeThatWasUsedAgainIsAnotherFile) {
  std::vector<Entry> entries{name_of_file("a", "old"), name_of_file("c", "new"), name_of_file("d", "new")};
  entries[1].btime = entries[2].btime = TimePoint(2 * kSecond);
  const Snapshot snapshot = snapshot_of(std::move(entries));

  EXPECT_EQ(restored(snapshot, {"a", "c", "d"}), "0 a: old\n1 c: new\n1 d: new\n");
  EXPECT_EQ(unpacked(snapshot, {"a", "c", "d"}), "0 a: old\n1 c: new\n1 d: new\n");
  EXPECT_EQ(preview(snapshot).changes.unchanged, 4u);
}

TEST_F(HardLinksTest, WithoutTimesOfBirthTheTimeOfTheLastChangeTellsFilesApart) {
  std::vector<Entry> entries{name_of_file("a", "old"), name_of_file("c", "new"), name_of_file("d", "new")};
  for (Entry& entry : entries) entry.btime.reset();
  entries[1].mtime = entries[2].mtime = entries[0].mtime + kSecond;
  const Snapshot snapshot = snapshot_of(std::move(entries));

  EXPECT_EQ(restored(snapshot, {"a", "c", "d"}), "0 a: old\n1 c: new\n1 d: new\n");
  EXPECT_EQ(unpacked(snapshot, {"a", "c", "d"}), "0 a: old\n1 c: new\n1 d: new\n");
}

TEST_F(HardLinksTest, AnUnreadableNameKeepsNoOtherFromBeingALink) {
  std::vector<Entry> entries{name_of_file("a", "x"), name_of_file("b", ""), name_of_file("c", "x")};
  entries[1].unreadable = true;
  const RestoreResult result = restore_to(snapshot_of(std::move(entries)), dir_ / "out");

  ASSERT_EQ(result.errors, 1u);
  EXPECT_EQ(result.first_errors[0].path, "/n/b");
  EXPECT_EQ(files_of(out(""), {"a", "c"}), "0 a: x\n0 c: x\n");
}

TEST_F(HardLinksTest, OnAnotherFileSystemANameIsAFileOfItsOwn) {
  if (geteuid() != 0) GTEST_SKIP() << "needs to mount";
  const std::string source = dir_ / "n";
  const std::string content = random_text(3'000'000, 1);
  make_dir(source);
  make_dir(source + "/d");
  write_file(source + "/a", content);
  ASSERT_EQ(mkfifo((source + "/b").c_str(), 0600), 0);
  for (const char* name : {"/a", "/b"})
    ASSERT_EQ(link((source + name).c_str(), (source + "/d" + name).c_str()), 0);
  const Snapshot snapshot = back_up(source).snapshot;
  const std::string target = dir_ / "out" + source;
  std::filesystem::create_directories(target + "/d");
  ASSERT_EQ(mount("none", (target + "/d").c_str(), "tmpfs", 0, "size=8m"), 0);
  RestoreOptions options;
  options.target = dir_ / "out";
  options.verify = true;
  const RestoreResult first = restore_to(snapshot, options);
  const RestoreResult again = restore_to(snapshot, options);
  const std::string copy = read_back(target + "/d/a");
  struct stat fifo {};
  EXPECT_EQ(lstat((target + "/d/b").c_str(), &fifo), 0);
  umount((target + "/d").c_str());

  EXPECT_EQ(first.errors + again.errors, 0u);
  EXPECT_TRUE(copy == content);
  EXPECT_TRUE(S_ISFIFO(fifo.st_mode));
  ASSERT_EQ(first.warnings, 2u);
  EXPECT_EQ(first.first_warnings[0].path, source + "/d/a");
  EXPECT_EQ(first.first_warnings[1].path, source + "/d/b");
  EXPECT_EQ(first.first_warnings[1].what, "no longer a hard link: Invalid cross-device link");
  EXPECT_EQ(first.counts.files_new, 2u);
  EXPECT_EQ(first.counts.others, 2u);
  EXPECT_EQ(first.files_verified, 2u);
  EXPECT_EQ(again.counts.files_unmodified, 2u);
}

TEST(FileIdentity, IsNotTheInodeAlone) {
  Entry one;
  one.inode = 7;
  Entry other = one;
  EXPECT_EQ(FileIdentity(one), FileIdentity(other));
  other.type = EntryType::Fifo;
  EXPECT_NE(FileIdentity(one), FileIdentity(other));
  other = one;
  other.size = 1;
  EXPECT_NE(FileIdentity(one), FileIdentity(other));
  one.btime = other.btime = TimePoint(kSecond);
  EXPECT_EQ(FileIdentity(one), FileIdentity(other)) << "it may have grown meanwhile";
}

}  // namespace
}  // namespace stash::engine::test
