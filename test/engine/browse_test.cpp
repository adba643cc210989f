#include "stash/engine/browse.hpp"

#include <cstdlib>

#include "backup_fixture.hpp"
#include "engine/browse/tar.hpp"
#include "faulty_tree.hpp"
#include "stash/engine/check.hpp"
#include "stash/engine/forget.hpp"

namespace stash::engine::test {
namespace {

using Lines = std::vector<std::string>;

class BrowseTest : public BackupTest {
 protected:
  /// Paths of a listing, without the directory of the test.
  Lines list(const Snapshot& snapshot, const std::string& path, bool recursive) {
    Lines found;
    const auto visit = [&](const EntryInfo& info) {
      found.push_back(info.path.starts_with(dir_.path()) ? info.path.substr(dir_.path().size()) : info.path);
      return true;
    };
    net::run(list_entries(*repository_, snapshot, path, recursive, visit));
    return found;
  }

  std::string dump(const Snapshot& snapshot, const std::string& path) {
    std::string bytes;
    const auto write = [&](ByteView part) -> Task<void> {
      bytes += as_text(part);
      co_return;
    };
    net::run(dump_file(*repository_, snapshot, path, write));
    return bytes;
  }

  Lines differences(const Snapshot& before, const Snapshot& after) {
    Lines found;
    const auto visit = [&](char kind, const EntryInfo& info) {
      found.push_back(std::string(1, kind) + " " + info.path.substr(dir_.path().size()));
      return true;
    };
    net::run(diff(*repository_, before, after, visit));
    return found;
  }

  Snapshot small() {
    make_dir(dir_ / "n");
    make_dir(dir_ / "n/d");
    make_dir(dir_ / "n/d/e");
    for (const char* name : {"n/a", "n/d/b", "n/d/e/c", "n/d-x"}) write_file(dir_ / name, name);
    return back_up(dir_ / "n").snapshot;
  }
};

TEST_F(BrowseTest, ListsEverythingOrOneLevel) {
  const Snapshot snapshot = small();

  EXPECT_EQ(list(snapshot, dir_ / "n", true),
            (Lines{"/n/a", "/n/d", "/n/d/b", "/n/d/e", "/n/d/e/c", "/n/d-x"}));
  EXPECT_EQ(list(snapshot, dir_ / "n/", false), (Lines{"/n/a", "/n/d", "/n/d-x"}));
  EXPECT_EQ(list(snapshot, dir_ / "n/d", false), (Lines{"/n/d/b", "/n/d/e"}));
  EXPECT_EQ(list(snapshot, dir_ / "n/a", false), Lines{"/n/a"});
  EXPECT_EQ(list(snapshot, "", true).size(), 7u);
  EXPECT_EQ(kind_of([&] { list(snapshot, dir_ / "n/zzz", false); }), ErrorKind::NotFound);
}

TEST_F(BrowseTest, ShowsTheWayDownToTheBackedUpPaths) {
  const Snapshot snapshot = small();
  const std::string first = dir_.path().substr(0, dir_.path().find('/', 1));

  EXPECT_EQ(list(snapshot, "/", false), Lines{first});
  EXPECT_EQ(list(snapshot, dir_.path(), false), Lines{"/n"});
}

TEST_F(BrowseTest, StopsWhenToldTo) {
  const Snapshot snapshot = small();
  int seen = 0;
  net::run(list_entries(*repository_, snapshot, "/", true, [&](const EntryInfo&) { return ++seen < 3; }));
  EXPECT_EQ(seen, 3);
}

TEST_F(BrowseTest, DumpsFilesOfEveryShape) {
  make_dir(dir_ / "n");
  write_file(dir_ / "n/empty", "");
  write_file(dir_ / "n/tiny", "tiny");
  write_file(dir_ / "n/large", random_text(3'000'000, 4));
  stash::test::write_sparse(dir_ / "n/sparse", 1'000'000, {{100'000, 5000}, {700'000, 70'000}});
  const Snapshot snapshot = back_up(dir_ / "n").snapshot;

  for (const char* name : {"empty", "tiny", "large", "sparse"}) {
    std::ifstream file(dir_ / "n/" + name, std::ios::binary);
    const std::string expected{std::istreambuf_iterator<char>(file), {}};
    EXPECT_TRUE(dump(snapshot, dir_ / "n/" + name) == expected) << name;
  }
  EXPECT_EQ(kind_of([&] { dump(snapshot, dir_ / "n/none"); }), ErrorKind::NotFound);
  EXPECT_EQ(kind_of([&] { dump(snapshot, dir_ / "n"); }), ErrorKind::Invalid);
}

TEST_F(BrowseTest, TarIsReadByTar) {
  if (geteuid() != 0) GTEST_SKIP() << "needs to restore owners and devices";
  make_nasty_tree(dir_ / "n");
  std::filesystem::remove(dir_ / "n/special/socket");    // the format has no sockets
  std::filesystem::remove(dir_ / "n/xattr/capability");  // left to the program that unpacks
  std::filesystem::remove_all(dir_ / "n/sparse");        // unpacked without holes
  const Snapshot snapshot = back_up(dir_ / "n").snapshot;
  std::ofstream archive(dir_ / "n.tar", std::ios::binary);
  const auto write = [&](ByteView part) -> Task<void> {
    archive << as_text(part);
    co_return;
  };
  net::run(dump_tar(*repository_, snapshot, dir_ / "n", write));
  archive.close();
  make_dir(dir_ / "out");
  const std::string unpack =
      "tar --xattrs --xattrs-include='user.*' --numeric-owner -xpf " + dir_ / "n.tar" + " -C " + dir_ / "out";
  ASSERT_EQ(std::system(unpack.c_str()), 0);

  Lines found = tree_differences(dir_ / "n", dir_ / "out");
  std::erase_if(found, [](const std::string& line) {
    return line.find("posix_acl") != std::string::npos || line.find("xattr trusted.") != std::string::npos;
  });
  EXPECT_EQ(lines(found), "");
}

TEST_F(BrowseTest, ATarTellsAfterItsEndWhatCouldNotBeRead) {
  small();
  FaultyTree tree;
  tree.faults = {{"a", Fault::Denied}, {"c", Fault::Denied}};
  BackupOptions forced = options({dir_ / "n"});
  forced.force = true;
  const Snapshot snapshot = back_up(forced, tree).snapshot;
  std::string archive;
  const auto write = [&](ByteView part) -> Task<void> {
    archive += as_text(part);
    co_return;
  };
  std::string told;
  try {
    net::run(dump_tar(*repository_, snapshot, dir_ / "n", write));
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), ErrorKind::Invalid);
    told = e.what();
  }

  EXPECT_EQ(told,
            "2 entries could not be read when they were backed up and are not in the archive, the first of "
            "them " +
                dir_ / "n/a");
  EXPECT_NE(archive.find("./d/b"), std::string::npos);
  EXPECT_TRUE(archive.ends_with(tar_end()));
}

TEST(Tar, NamesOfAttributesDoNotEndTheKey) {
  const std::string header = tar_header(Entry(), {{"user.a=b%c", "value"}}, "./name", "");

  EXPECT_NE(header.find(" SCHILY.xattr.user.a%3Db%25c=value\n"), std::string::npos);
}

TEST(Tar, HeadersAreWholeBlocksWithChecksums) {
  Entry entry;
  entry.size = 5;
  entry.mode = 0644;
  entry.mtime = TimePoint(std::chrono::nanoseconds(-1));
  const std::string header = tar_header(entry, {}, "./name", "");

  EXPECT_EQ(header.size(), 3u * 512);
  EXPECT_NE(header.find("mtime=-0.000000001\n"), std::string::npos);
  unsigned sum = 0;
  for (std::size_t i = 1024; i < 1536; ++i)
    sum += i >= 1172 && i < 1180 ? ' ' : static_cast<unsigned char>(header[i]);
  EXPECT_EQ(std::stoul(header.substr(1172, 6), nullptr, 8), sum);
  EXPECT_EQ(tar_padding(5).size(), 507u);
  EXPECT_EQ(tar_padding(1024).size(), 0u);
}

TEST_F(BrowseTest, DiffTellsWhatChanged) {
  const Snapshot before = small();
  write_file(dir_ / "n/a", "changed content");
  write_file(dir_ / "n/new", "new");
  std::filesystem::remove(dir_ / "n/d/b");
  ASSERT_EQ(chmod((dir_ / "n/d/e/c").c_str(), 0600), 0);
  std::filesystem::remove(dir_ / "n/d-x");
  make_dir(dir_ / "n/d-x");
  stash::test::set_time(dir_ / "n", 1, 0);
  stash::test::set_time(dir_ / "n/d", 1, 0);
  const Snapshot after = back_up(dir_ / "n").snapshot;

  EXPECT_EQ(differences(before, after),
            (Lines{"U /n", "M /n/a", "U /n/d", "- /n/d/b", "U /n/d/e/c", "T /n/d-x", "+ /n/new"}));
  EXPECT_EQ(differences(before, before), Lines());
}

TEST_F(BrowseTest, DiffOfLargeTreesFindsTheOneChange) {
  make_dir(dir_ / "n");
  for (int i = 0; i < 4000; ++i) write_file(dir_ / "n/file " + std::to_string(i), std::to_string(i));
  stash::test::set_time(dir_ / "n", 1, 0);
  const Snapshot before = back_up(dir_ / "n").snapshot;
  write_file(dir_ / "n/file 2345", "other");
  const Snapshot after = back_up(dir_ / "n").snapshot;

  EXPECT_EQ(differences(before, after), Lines{"M /n/file 2345"});
}

TEST_F(BrowseTest, StatsCountSharedBlobsOnce) {
  make_dir(dir_ / "n");
  write_file(dir_ / "n/x", random_text(100'000, 1));
  write_file(dir_ / "n/y", random_text(100'000, 1));
  back_up(dir_ / "n");
  BackupOptions forced = options({dir_ / "n"});
  forced.force = true;
  back_up(forced);
  const StatsResult result = net::run(stats(*repository_, SnapshotFilter()));

  EXPECT_EQ(result.snapshots, 2u);
  EXPECT_EQ(result.files, 4u);
  EXPECT_EQ(result.restore_bytes, 400'000u);
  EXPECT_GE(result.raw_bytes, 100'000u);
  EXPECT_LT(result.raw_bytes, 110'000u);
  std::uint64_t stored = 0;
  for (const auto& [name, bytes] : world_.memory.objects()) stored += bytes.size();
  EXPECT_EQ(result.stored_bytes, stored);
}

TEST_F(BrowseTest, ForgetRemovesWhatThePolicyDoesNotKeep) {
  make_dir(dir_ / "n");
  std::vector<std::string> ids;
  for (int i = 0; i < 4; ++i) {
    write_file(dir_ / "n/x", std::to_string(i));
    ids.push_back(back_up(dir_ / "n").snapshot.id);
  }
  ForgetOptions trial;
  trial.policy.last = 2;
  trial.dry_run = true;
  EXPECT_EQ(net::run(forget(*repository_, trial)).removed, 2u);
  EXPECT_EQ(snapshots(), 4u);

  trial.dry_run = false;
  const ForgetResult result = net::run(forget(*repository_, trial));
  EXPECT_EQ(result.kept, 2u);
  EXPECT_EQ(snapshots(), 2u);

  ForgetOptions named;
  named.ids = {ids[3]};
  EXPECT_EQ(net::run(forget(*repository_, named)).removed, 1u);
  EXPECT_EQ(net::run(repository_->snapshots(SnapshotFilter()))[0].id, ids[2]);
  named.ids = {"0000nope"};
  EXPECT_EQ(kind_of([&] { net::run(forget(*repository_, named)); }), ErrorKind::NotFound);
  EXPECT_EQ(dump(net::run(repository_->find_snapshot("latest", SnapshotFilter())), dir_ / "n/x"), "2");
}

}  // namespace
}  // namespace stash::engine::test
