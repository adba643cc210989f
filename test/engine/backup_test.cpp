#include "stash/engine/backup.hpp"

#include <cstring>

#include "backup_fixture.hpp"
#include "engine/format/pack.hpp"
#include "faulty_tree.hpp"
#include "stash/engine/browse.hpp"
#include "stash/engine/repair.hpp"

namespace stash::engine::test {
namespace {

TEST_F(BackupTest, CountsWhatItStored) {
  make_nasty_tree(dir_ / "n");
  const BackupResult result = back_up(dir_ / "n");

  const Manifest manifest = manifest_of(result.snapshot);
  EXPECT_TRUE(result.snapshot.complete);
  EXPECT_EQ(manifest.entries, result.snapshot.counts.entries());
  EXPECT_EQ(entries_of(result.snapshot).size(), manifest.entries);
  EXPECT_EQ(result.snapshot.counts.files_new, result.snapshot.counts.files());
  EXPECT_EQ(result.snapshot.paths, std::vector<std::string>{dir_ / "n"});
  EXPECT_GT(result.snapshot.bytes_added, 6'000'000u);
}

TEST_F(BackupTest, TheSecondOneOpensNoFileAndStoresNothing) {
  make_nasty_tree(dir_ / "n");
  const BackupResult first = back_up(dir_ / "n");
  FaultyTree tree;
  const BackupResult second = back_up(options({dir_ / "n"}), tree);

  EXPECT_EQ(tree.files_opened, 0);
  EXPECT_EQ(second.blobs_new, 0u);
  EXPECT_EQ(second.snapshot.parent, first.snapshot.id);
  EXPECT_EQ(second.snapshot.counts.files_unmodified, second.snapshot.counts.files());
  EXPECT_EQ(manifest_of(second.snapshot).root, manifest_of(first.snapshot).root);
}

TEST_F(BackupTest, ReadsOnlyWhatChanged) {
  make_dir(dir_ / "n");
  for (const char* name : {"a", "b", "c"})
    write_file(dir_ / "n/" + name, random_text(1000, static_cast<unsigned char>(*name)));
  back_up(dir_ / "n");
  write_file(dir_ / "n/b", "changed");
  write_file(dir_ / "n/d", "new");
  FaultyTree tree;
  const BackupResult second = back_up(options({dir_ / "n"}), tree);

  EXPECT_EQ(tree.files_opened, 2);
  EXPECT_EQ(second.snapshot.counts.files_new, 1u);
  EXPECT_EQ(second.snapshot.counts.files_changed, 1u);
  EXPECT_EQ(second.snapshot.counts.files_unmodified, 2u);
}

TEST_F(BackupTest, AChangeOfMetadataAloneIsSeen) {
  make_dir(dir_ / "n");
  write_file(dir_ / "n/f", random_text(1000, 1));
  back_up(dir_ / "n");
  ASSERT_EQ(chmod((dir_ / "n/f").c_str(), 0600), 0);
  const BackupResult second = back_up(dir_ / "n");

  EXPECT_EQ(entry_of(second.snapshot, dir_ / "n/f").mode, 0600u);
}

TEST_F(BackupTest, IgnoringChangeTimesStillTakesNewMetadata) {
  make_dir(dir_ / "n");
  write_file(dir_ / "n/f", random_text(1000, 1));
  back_up(dir_ / "n");
  ASSERT_EQ(chmod((dir_ / "n/f").c_str(), 0600), 0);
  ASSERT_EQ(setxattr((dir_ / "n/f").c_str(), "user.late", "1", 1, 0), 0);
  BackupOptions relaxed = options({dir_ / "n"});
  relaxed.ignore_ctime = true;
  FaultyTree tree;
  const BackupResult second = back_up(relaxed, tree);

  EXPECT_EQ(tree.files_opened, 0);
  const Entry entry = entry_of(second.snapshot, dir_ / "n/f");
  EXPECT_EQ(entry.mode, 0600u);
  EXPECT_EQ(entry.xattrs, (std::vector<Xattr>{{"user.late", "1"}}));
}

TEST_F(BackupTest, ForceReadsEverythingAgainAndStoresNothingNew) {
  make_dir(dir_ / "n");
  write_file(dir_ / "n/f", random_text(100000, 1));
  back_up(dir_ / "n");
  BackupOptions forced = options({dir_ / "n"});
  forced.force = true;
  FaultyTree tree;
  const BackupResult second = back_up(forced, tree);

  EXPECT_EQ(tree.files_opened, 1);
  EXPECT_EQ(second.blobs_new, 0u);
}

TEST_F(BackupTest, AFileChangedAtTheTimeOfABackupIsReadAgainNextTime) {
  make_dir(dir_ / "n");
  write_file(dir_ / "n/f", random_text(1000, 1));
  stash::test::set_time(
      dir_ / "n/f",
      std::chrono::floor<std::chrono::seconds>(world_.timers.now()).time_since_epoch().count() + 9, 0);
  const BackupResult first = back_up(dir_ / "n");
  EXPECT_TRUE(entry_of(first.snapshot, dir_ / "n/f").racy);

  FaultyTree tree;
  const BackupResult second = back_up(options({dir_ / "n"}), tree);
  EXPECT_EQ(tree.files_opened, 1);
  EXPECT_FALSE(entry_of(second.snapshot, dir_ / "n/f").racy);
}

TEST_F(BackupTest, TreesAreTheSameInEveryRun) {
  make_nasty_tree(dir_ / "n");
  BlobId roots[2];
  for (BlobId& root : roots) {
    BackupOptions forced = options({dir_ / "n"});
    forced.force = true;
    root = manifest_of(back_up(forced).snapshot).root;
  }
  EXPECT_EQ(roots[0], roots[1]);
}

TEST_F(BackupTest, UnreadableFilesAreListedAndTheRestIsKept) {
  make_dir(dir_ / "n");
  write_file(dir_ / "n/good", "good");
  write_file(dir_ / "n/denied", "denied");
  write_file(dir_ / "n/broken", random_text(3'000'000, 3));
  FaultyTree tree;
  tree.faults = {{"denied", Fault::Denied}, {"broken", Fault::ReadFails}};
  const BackupResult result = back_up(options({dir_ / "n"}), tree);

  EXPECT_FALSE(result.snapshot.complete);
  EXPECT_EQ(result.snapshot.errors, 2u);
  ASSERT_EQ(result.snapshot.first_errors.size(), 2u);
  EXPECT_EQ(result.snapshot.first_errors[0].path, dir_ / "n/broken");
  EXPECT_EQ(result.snapshot.first_errors[1].path, dir_ / "n/denied");
  EXPECT_TRUE(entry_of(result.snapshot, dir_ / "n/broken").unreadable);
  EXPECT_EQ(entry_of(result.snapshot, dir_ / "n/good").inline_content, "good");

  // Next time they are tried again, and an incomplete snapshot is no parent.
  const BackupResult healed = back_up(dir_ / "n");
  EXPECT_TRUE(healed.snapshot.complete);
  EXPECT_EQ(healed.snapshot.parent, "");
}

TEST_F(BackupTest, AttributesThatCannotBeReadCostNothingElse) {
  make_dir(dir_ / "n");
  make_dir(dir_ / "n/sub");
  write_file(dir_ / "n/sub/inside", "inside");
  write_file(dir_ / "n/small", random_text(10'000, 1));
  write_file(dir_ / "n/large", random_text(3'000'000, 2));
  stash::test::must(symlink("small", (dir_ / "n/link").c_str()) == 0, "symlink");
  FaultyTree tree;
  for (const char* name : {"sub", "small", "large", "link"}) tree.faults[name] = Fault::NoXattrs;
  const BackupResult result = back_up(options({dir_ / "n"}), tree);

  EXPECT_FALSE(result.snapshot.complete);
  EXPECT_EQ(result.snapshot.errors, 4u);
  EXPECT_EQ(restore_to(result.snapshot, dir_ / "out").errors, 0u);
  EXPECT_EQ(lines(tree_differences(dir_ / "n", dir_ / "out" + dir_ / "n")), "");
}

TEST_F(BackupTest, AFileWithoutItsAttributesIsReadAgainEvenAfterAnIncompleteParent) {
  make_dir(dir_ / "n");
  write_file(dir_ / "n/f", random_text(10'000, 1));
  ASSERT_EQ(setxattr((dir_ / "n/f").c_str(), "user.note", "1", 1, 0), 0);
  BackupOptions again = options({dir_ / "n"});
  again.ignore_ctime = true;
  for (const bool content_is_known : {false, true}) {
    FaultyTree blind;
    blind.faults = {{"f", Fault::NoXattrs}};
    const Snapshot lacking = back_up(again, blind).snapshot;
    EXPECT_FALSE(lacking.complete);
    EXPECT_EQ(blind.files_opened, content_is_known ? 0 : 1);
    again.parent = lacking.id;
    FaultyTree sound;
    const Snapshot whole = back_up(again, sound).snapshot;

    EXPECT_TRUE(whole.complete);
    EXPECT_EQ(sound.files_opened, 1);
    EXPECT_EQ(entry_of(whole, dir_ / "n/f").xattrs, (std::vector<Xattr>{{"user.note", "1"}}));
    again.parent = whole.id;
    ASSERT_EQ(chmod((dir_ / "n/f").c_str(), 0600), 0);
  }
}

TEST_F(BackupTest, AnEarlierTreeThatIsLostOnlyCostsReading) {
  make_nasty_tree(dir_ / "n");
  back_up(dir_ / "n");
  for (const std::string& name : world_.names("packs/"))
    if (pack_kind(world_.memory.objects()[name], *parse_pack_name(name)) == BlobKind::Tree)
      world_.memory.objects().erase(name);
  reopen();
  // As long as the index counts on the pack, a new tree would count on it, too.
  EXPECT_EQ(kind_of([&] { back_up(dir_ / "n"); }), ErrorKind::Corrupt);
  Progress progress;
  net::run(repair_index(*repository_, false, progress));
  reopen();
  const BackupResult second = back_up(dir_ / "n");

  EXPECT_TRUE(second.snapshot.complete);
  EXPECT_EQ(restore_to(second.snapshot, dir_ / "out").errors, 0u);
  EXPECT_EQ(lines(tree_differences(dir_ / "n", dir_ / "out" + dir_ / "n")), "");
}

TEST_F(BackupTest, LostContentOfALargeUnchangedFileIsStoredAgain) {
  make_dir(dir_ / "n");
  write_file(dir_ / "n/disk.img", random_text(66u << 20, 1));
  const Snapshot first = back_up(dir_ / "n").snapshot;
  ASSERT_EQ(entry_of(first, dir_ / "n/disk.img").list_level, 1);
  for (const std::string& name : world_.names("packs/"))
    if (world_.memory.objects().at(name).size() > 1'000'000) {
      world_.memory.objects().erase(name);
      break;
    }
  Progress progress;
  EXPECT_EQ(net::run(repair_index(*repository_, false, progress)).packs_forgotten, 1u);
  reopen();
  const BackupResult again = back_up(dir_ / "n");

  EXPECT_GT(again.snapshot.bytes_added, 0u);
  EXPECT_EQ(restore_to(again.snapshot, dir_ / "out").errors, 0u);
  EXPECT_EQ(lines(tree_differences(dir_ / "n", dir_ / "out" + dir_ / "n")), "");
}

TEST_F(BackupTest, VanishedFilesAreCountedAndNotFatal) {
  make_dir(dir_ / "n");
  for (const char* name : {"a", "b", "c"}) write_file(dir_ / "n/" + name, "x");
  FaultyTree tree;
  tree.faults = {{"a", Fault::VanishesBeforeStat}, {"b", Fault::VanishesBeforeOpen}};
  const BackupResult result = back_up(options({dir_ / "n"}), tree);

  EXPECT_TRUE(result.snapshot.complete);
  EXPECT_EQ(result.snapshot.vanished, 2u);
  EXPECT_EQ(result.snapshot.counts.files(), 1u);
}

TEST_F(BackupTest, AFileThatChangesWhileReadIsTriedTwiceThenFlagged) {
  make_dir(dir_ / "n");
  write_file(dir_ / "n/busy", random_text(200'000, 1));
  write_file(dir_ / "n/once", random_text(200'000, 2));
  FaultyTree tree;
  tree.faults = {{"busy", Fault::AlwaysChanges}, {"once", Fault::ChangesOnce}};
  const BackupResult result = back_up(options({dir_ / "n"}), tree);

  EXPECT_EQ(tree.files_opened, 4);
  EXPECT_EQ(result.changed_while_read, 1u);
  ASSERT_EQ(result.first_changed.size(), 1u);
  EXPECT_EQ(result.first_changed[0].path, dir_ / "n/busy");
  EXPECT_TRUE(entry_of(result.snapshot, dir_ / "n/busy").racy);
  EXPECT_FALSE(entry_of(result.snapshot, dir_ / "n/once").racy);
}

TEST_F(BackupTest, APageOfAnImageCostsABlock) {
  make_dir(dir_ / "n");
  std::string image = random_text(20u << 20, 1);
  write_file(dir_ / "n/disk.img", image);
  back_up(dir_ / "n");
  image.replace(9'000'000, 4096, random_text(4096, 2));
  write_file(dir_ / "n/disk.img", image);
  const BackupResult second = back_up(dir_ / "n");

  // Two blocks at most, and the list that names them.
  EXPECT_LT(second.snapshot.bytes_added, 160u << 10);
  EXPECT_EQ(restore_to(second.snapshot, dir_ / "out").errors, 0u);
  EXPECT_TRUE(tree_differences(dir_ / "n", dir_ / "out" + (dir_ / "n")).empty());
}

TEST_F(BackupTest, AFileThatShrinksIsKeptAsLongAsItWas) {
  make_dir(dir_ / "n");
  const std::string text = random_text(200'000, 1);
  write_file(dir_ / "n/f", text);
  FaultyTree tree;
  tree.faults = {{"f", Fault::Shrinks}};
  const BackupResult result = back_up(options({dir_ / "n"}), tree);

  EXPECT_EQ(entry_of(result.snapshot, dir_ / "n/f").size, text.size());
  EXPECT_EQ(restore_to(result.snapshot, dir_ / "out").errors, 0u);
  EXPECT_EQ(lines(tree_differences(dir_ / "n", dir_ / "out" + dir_ / "n")), "");
}

TEST_F(BackupTest, MissingAndEmptyPathsMakeNoSnapshot) {
  make_dir(dir_ / "empty");
  EXPECT_EQ(kind_of([&] { back_up(dir_ / "missing"); }), ErrorKind::NotFound);
  EXPECT_EQ(kind_of([&] { back_up(dir_ / "empty"); }), ErrorKind::Invalid);
  EXPECT_EQ(snapshots(), 0u);

  BackupOptions allowed = options({dir_ / "empty"});
  allowed.allow_empty = true;
  EXPECT_EQ(back_up(allowed).snapshot.counts.entries(), 1u);
}

TEST_F(BackupTest, SeveralPathsMakeOneSnapshot) {
  make_dir(dir_ / "a");
  make_dir(dir_ / "b");
  write_file(dir_ / "a/x", "1");
  write_file(dir_ / "b/y", "2");
  const BackupResult result = back_up(options({dir_ / "b", dir_ / "a", dir_ / "a/x"}));

  EXPECT_EQ(result.snapshot.paths, (std::vector<std::string>{dir_ / "a", dir_ / "b"}));
  EXPECT_EQ(result.snapshot.counts.entries(), 4u);
}

TEST_F(BackupTest, ADryRunWritesNothing) {
  make_nasty_tree(dir_ / "n");
  const std::size_t objects = world_.memory.objects().size();
  BackupOptions dry = options({dir_ / "n"});
  dry.dry_run = true;
  FaultyTree tree;
  const BackupResult trial = back_up(dry, tree);

  EXPECT_EQ(tree.files_opened, 0);
  EXPECT_EQ(world_.memory.objects().size(), objects);
  EXPECT_EQ(trial.snapshot.id, "");
  EXPECT_EQ(trial.snapshot.counts, back_up(dir_ / "n").snapshot.counts);
}

TEST_F(BackupTest, ParentsAreOfTheSameHostAndPaths) {
  make_dir(dir_ / "n");
  write_file(dir_ / "n/x", "1");
  back_up(dir_ / "n");
  BackupOptions other = options({dir_ / "n"});
  other.host = "host-1";
  EXPECT_EQ(back_up(other).snapshot.parent, "");
  EXPECT_NE(back_up(dir_ / "n").snapshot.parent, "");
}

/// Ends the walk's control coroutine as a signal would, at the `nth` opened file.
TEST_F(BackupTest, CancelledAnywhereItLeavesNoSnapshot) {
  make_dir(dir_ / "n");
  for (int i = 0; i < 20; ++i)
    write_file(dir_ / "n/" + std::to_string(i), random_text(300'000, static_cast<std::uint64_t>(i)));
  for (const int nth : {1, 5, 20}) {
    FaultyTree tree;
    std::atomic<bool> reached = false;
    tree.on_open = [&] {
      if (tree.files_opened + 1 >= nth) reached = true;
    };
    const auto wait_then_cancel = [](net::TaskGroup& group, std::atomic<bool>& now) -> Task<void> {
      while (!now) co_await stash::test::ManualTimers::settle(1);
      group.cancel();
    };
    const auto body = [&]() -> Task<void> {
      Progress progress;
      net::TaskGroup group;
      const auto run = [&]() -> Task<void> {
        co_await backup_tree(*repository_, options({dir_ / "n"}), progress, tree);
      };
      co_await group.spawn(run());
      co_await wait_then_cancel(group, reached);
      co_await group.join();
    };
    net::run(body());
    EXPECT_EQ(snapshots(), 0u) << nth;
  }
  EXPECT_TRUE(back_up(dir_ / "n").snapshot.complete);
}

TEST_F(BackupTest, LinkedFilesAreReadOnce) {
  make_dir(dir_ / "n");
  write_file(dir_ / "n/a", random_text(100'000, 1));
  for (const char* name : {"b", "c", "d"})
    ASSERT_EQ(link((dir_ / "n/a").c_str(), (dir_ / "n/" + name).c_str()), 0);
  FaultyTree tree;
  const BackupResult result = back_up(options({dir_ / "n"}), tree);

  EXPECT_EQ(tree.files_opened, 1);
  EXPECT_EQ(entry_of(result.snapshot, dir_ / "n/a").blobs, entry_of(result.snapshot, dir_ / "n/d").blobs);
}

TEST_F(BackupTest, LinkedFilesThatWouldHoldTooMuchMemoryAreReadAtEachName) {
  Environment small = world_.environment();
  small.memory_budget = kLeastBuffers;
  repository_ = net::run(open_raw(world_.memory, small));
  constexpr int kFiles = 100;
  for (const char* name : {"n", "n/a", "n/b", "n/c"}) make_dir(dir_ / name);
  FaultyTree tree;
  for (int i = 0; i < kFiles; ++i) {
    const std::string name = std::to_string(i);
    write_file(dir_ / "n/a/" + name, random_text(2000, static_cast<std::uint64_t>(i)));
    ASSERT_EQ(link((dir_ / "n/a/" + name).c_str(), (dir_ / "n/c/" + name).c_str()), 0);
    tree.faults[name] = Fault::Holed;
  }
  // So many entries that the first names are written before the second ones are met.
  for (int i = 0; i < 700; ++i) ASSERT_EQ(symlink("x", (dir_ / "n/b/" + std::to_string(i)).c_str()), 0);
  const BackupResult result = back_up(options({dir_ / "n"}), tree);

  EXPECT_GT(tree.files_opened, kFiles + 10);
  EXPECT_LT(tree.files_opened, 2 * kFiles - 10);
  for (const char* name : {"0", "99"}) {
    const Entry first = entry_of(result.snapshot, dir_ / "n/a/" + name);
    const Entry second = entry_of(result.snapshot, dir_ / "n/c/" + name);
    EXPECT_EQ(first.extents.size(), Entry::kMaxExtents);
    EXPECT_EQ(first.extents, second.extents);
    EXPECT_EQ(first.blobs, second.blobs);
  }
}

TEST_F(BackupTest, StoresAStreamAsOneFile) {
  const std::string text = random_text(5'000'000, 11);
  std::size_t given = 0;
  const auto read = [&](std::span<std::byte> out) -> Task<std::size_t> {
    const std::size_t size = std::min({out.size(), text.size() - given, std::size_t{77'777}});
    std::memcpy(out.data(), text.data() + given, size);
    given += size;
    co_return size;
  };
  Progress progress;
  const BackupResult result = net::run(backup_stream(*repository_, options({}), "dump.sql", read, progress));

  EXPECT_EQ(result.snapshot.paths, std::vector<std::string>{"/dump.sql"});
  std::string back;
  const auto write = [&](ByteView bytes) -> Task<void> {
    back += as_text(bytes);
    co_return;
  };
  net::run(dump_file(*repository_, result.snapshot, "/dump.sql", write));
  EXPECT_EQ(back == text, true);
}

TEST_F(BackupTest, AStreamThatBreaksMakesNoSnapshot) {
  int calls = 0;
  const auto read = [&](std::span<std::byte> out) -> Task<std::size_t> {
    if (++calls == 3) throw Error(ErrorKind::Unavailable, "the pipe broke");
    std::memset(out.data(), calls, out.size());
    co_return out.size();
  };
  Progress progress;
  EXPECT_EQ(kind_of([&] { net::run(backup_stream(*repository_, options({}), "x", read, progress)); }),
            ErrorKind::Unavailable);
  EXPECT_EQ(snapshots(), 0u);
}

}  // namespace
}  // namespace stash::engine::test
