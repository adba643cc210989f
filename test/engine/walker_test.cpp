#include "engine/backup/walker.hpp"

#include <gtest/gtest.h>
#include <sys/mount.h>

#include "engine/backup/accounts.hpp"
#include "faulty_tree.hpp"
#include "support/nasty_tree.hpp"
#include "support/temp_dir.hpp"

namespace stash::engine::test {
namespace {

using stash::test::make_dir;
using stash::test::TempDir;
using stash::test::write_file;

TEST(NameList, KeepsANameOnceThatWasListedTwice) {
  NameList names;
  for (const char* name : {"b", "a", "b", "c", "a"}) names.add(name);
  names.sort();

  ASSERT_EQ(names.size(), 3u);
  EXPECT_EQ(names[0], "a");
  EXPECT_EQ(names[1], "b");
  EXPECT_EQ(names[2], "c");
}

class WalkerTest : public ::testing::Test {
 protected:
  WalkOptions options() {
    WalkOptions options;
    options.paths = {dir_.path()};
    return options;
  }

  /// Paths below the directory, in the order of the walk; what could not be read ends in '?'.
  std::vector<std::string> walk(WalkOptions options) {
    Walker walker(tree_, std::move(options));
    std::vector<std::string> paths;
    for (;;) {
      const std::vector<Found> batch = walker.next(7);
      if (batch.empty()) break;
      for (const Found& found : batch)
        if (found.path != dir_.path())
          paths.push_back(found.path.substr(dir_.path().size()) + (found.problem.empty() ? "" : "?"));
    }
    vanished_ = walker.vanished();
    entries_ = walker.entries();
    return paths;
  }

  TempDir dir_;
  FaultyTree tree_;
  std::uint64_t vanished_ = 0;
  std::uint64_t entries_ = 0;
};

using Paths = std::vector<std::string>;

TEST_F(WalkerTest, GoesDepthFirstInByteOrder) {
  make_dir(dir_ / "a");
  make_dir(dir_ / "b");
  for (const char* name : {"a/x", "a/y", "a-b", "a.b", "b/z", "\xff", "Z"}) write_file(dir_ / name, "");

  EXPECT_EQ(walk(options()), (Paths{"/Z", "/a", "/a/x", "/a/y", "/a-b", "/a.b", "/b", "/b/z", "/\xff"}));
  EXPECT_EQ(entries_, 10u);
}

TEST_F(WalkerTest, OrderIsThatOfTrees) {
  stash::test::make_nasty_tree(dir_ / "n");
  const Paths paths = walk(options());

  ASSERT_GT(paths.size(), 3000u);
  for (std::size_t i = 1; i < paths.size(); ++i)
    EXPECT_TRUE(compare_paths(paths[i - 1], paths[i]) < 0) << paths[i];
}

TEST_F(WalkerTest, LeavesOutWhatIsExcludedWithoutEnteringIt) {
  make_dir(dir_ / "cache");
  write_file(dir_ / "cache/x", "");
  write_file(dir_ / "keep", "");
  write_file(dir_ / "drop.tmp", "");
  WalkOptions walk_options = options();
  walk_options.selection = Selection({}, {}, {"*.tmp", "cache"}, {});

  EXPECT_EQ(walk(walk_options), Paths{"/keep"});
}

TEST_F(WalkerTest, KeepsOnlyTheTagOfACacheDirectory) {
  make_dir(dir_ / "cache");
  make_dir(dir_ / "not a cache");
  write_file(dir_ / "cache/CACHEDIR.TAG", "Signature: 8a477f597d28d172789f06886806bc55\n# comment");
  write_file(dir_ / "cache/x", "");
  write_file(dir_ / "not a cache/CACHEDIR.TAG", "something else");
  WalkOptions walk_options = options();
  walk_options.exclude_caches = true;

  EXPECT_EQ(walk(walk_options),
            (Paths{"/cache", "/cache/CACHEDIR.TAG", "/not a cache", "/not a cache/CACHEDIR.TAG"}));
}

TEST_F(WalkerTest, StaysOnOneFileSystemWhenAsked) {
  if (geteuid() != 0) GTEST_SKIP() << "needs to mount";
  make_dir(dir_ / "mounted");
  write_file(dir_ / "here", "");
  ASSERT_EQ(mount("none", (dir_ / "mounted").c_str(), "tmpfs", 0, "size=1m"), 0);
  write_file(dir_ / "mounted/there", "");
  WalkOptions walk_options = options();
  walk_options.one_file_system = true;
  const Paths one = walk(walk_options);
  const Paths all = walk(options());
  umount((dir_ / "mounted").c_str());

  EXPECT_EQ(one, (Paths{"/here", "/mounted"}));
  EXPECT_EQ(all, (Paths{"/here", "/mounted", "/mounted/there"}));
}

TEST_F(WalkerTest, CountsWhatVanishesAndTellsWhatCannotBeRead) {
  make_dir(dir_ / "denied");
  make_dir(dir_ / "gone dir");
  for (const char* name : {"gone", "secret", "fine"}) write_file(dir_ / name, "");
  tree_.faults = {{"gone", Fault::VanishesBeforeStat},
                  {"gone dir", Fault::VanishesBeforeOpen},
                  {"denied", Fault::Denied},
                  {"secret", Fault::StatFails}};

  EXPECT_EQ(walk(options()), (Paths{"/denied?", "/fine", "/secret?"}));
  EXPECT_EQ(vanished_, 2u);
  EXPECT_EQ(entries_, 3u) << "the top, /denied and /fine";
}

TEST_F(WalkerTest, FindsItsWayBackFromGreatDepth) {
  std::string deep = dir_.path();
  Paths expected;
  for (int i = 0; i < 200; ++i) {
    deep += "/d";
    make_dir(deep);
    expected.push_back(deep.substr(dir_.path().size()));
  }
  std::string up = deep;
  for (int i = 0; i < 200; ++i) {
    write_file(up + "/z", "");
    expected.push_back(up.substr(dir_.path().size()) + "/z");
    up.resize(up.size() - 2);
  }

  EXPECT_EQ(walk(options()), expected);
}

TEST_F(WalkerTest, AMissingPathIsNotFound) {
  WalkOptions missing = options();
  missing.paths = {dir_ / "nothing"};
  try {
    walk(missing);
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), ErrorKind::NotFound);
    EXPECT_EQ(std::string(e.what()), "path " + dir_ / "nothing" + " does not exist");
  }
  missing.allow_empty = true;
  EXPECT_EQ(walk(missing), Paths());
}

TEST_F(WalkerTest, AMissingPathIsToldBeforeTheFirstEntryOfTheOthers) {
  make_dir(dir_ / "a");
  write_file(dir_ / "a/x", "");
  WalkOptions some_missing = options();
  some_missing.paths = {dir_ / "a", dir_ / "missing"};
  Walker walker(tree_, some_missing);
  try {
    walker.next(1);
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), ErrorKind::NotFound);
    EXPECT_EQ(std::string(e.what()), "path " + dir_ / "missing" + " does not exist");
  }
  EXPECT_EQ(walker.entries(), 0u);
  some_missing.allow_empty = true;
  EXPECT_EQ(walk(some_missing), (Paths{"/a", "/a/x"}));
}

TEST_F(WalkerTest, AnEmptyPathIsInvalidUnlessAllowed) {
  try {
    walk(options());
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), ErrorKind::Invalid);
    EXPECT_NE(std::string(e.what()).find("nothing to back up"), std::string::npos) << e.what();
  }
  WalkOptions allowed = options();
  allowed.allow_empty = true;
  EXPECT_EQ(walk(allowed), Paths());
}

TEST_F(WalkerTest, ASymlinkToADirectoryIsNoPathToBackUp) {
  make_dir(dir_ / "real");
  write_file(dir_ / "real/x", "");
  ASSERT_EQ(symlink("real", (dir_ / "link").c_str()), 0);
  WalkOptions link = options();
  link.paths = {dir_ / "link"};
  try {
    walk(link);
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), ErrorKind::Invalid);
    EXPECT_NE(std::string(e.what()).find("real"), std::string::npos);
  }
}

TEST_F(WalkerTest, OneFileIsAPathToo) {
  write_file(dir_ / "file", "x");
  WalkOptions one = options();
  one.paths = {dir_ / "file"};
  EXPECT_EQ(walk(one), Paths{"/file"});
}

TEST(NormalisePaths, CleansSortsAndDropsWhatLiesInside) {
  EXPECT_EQ(normalise_paths({"/b/", "/a/../a/./c", "/b/inside", "/a-x", "/b"}),
            (Paths{"/a/c", "/a-x", "/b"}));
  EXPECT_EQ(normalise_paths({"/", "/x"}), Paths{"/"});
  EXPECT_TRUE(normalise_paths({"relative"})[0].ends_with("/relative"));
  EXPECT_THROW(normalise_paths({}), Error);
  EXPECT_THROW(normalise_paths({""}), Error);
}

TEST(Accounts, ReadsNamesAndPassesOverNonsense) {
  const Accounts accounts(
      "root:x:0:0::/root:/bin/sh\nbroken\n:x:5:\nann:x:1000:100:\nann2:x:1000:\nbad:x:12x:\n",
      "users:x:100:ann,bob\n");
  EXPECT_EQ(accounts.user(0), "root");
  EXPECT_EQ(accounts.user(1000), "ann");
  EXPECT_EQ(accounts.user(12), "");
  EXPECT_EQ(accounts.group(100), "users");
}

}  // namespace
}  // namespace stash::engine::test
