// Restores onto what is there already: in place, told beforehand, and again after a kill.

#include <fcntl.h>

#include <algorithm>

#include "backup_fixture.hpp"
#include "hooked_store.hpp"

namespace stash::engine::test {
namespace {

class RestoreChangeTest : public BackupTest {
 protected:
  std::string out(const std::string& name = "") { return dir_ / "out" + dir_ / "n" + name; }

  Snapshot snapshot_of_files(const std::map<std::string, std::string>& files) {
    make_dir(dir_ / "n");
    for (const auto& [name, content] : files) write_file(dir_ / "n/" + name, content);
    return back_up(dir_ / "n").snapshot;
  }

  RestoreOptions options() {
    RestoreOptions options;
    options.target = dir_ / "out";
    return options;
  }
  RestoreOptions delta() {
    RestoreOptions options = this->options();
    options.delta = true;
    return options;
  }

  /// "+ /a" for each change, below the path that was backed up.
  std::string preview(const Snapshot& snapshot, RestoreOptions options) {
    Progress progress;
    std::string told;
    auto tell = [&](char kind, const EntryInfo& entry) {
      told += std::string(1, kind) + " " + entry.path.substr((dir_ / "n").size()) + "\n";
    };
    preview_ = net::run(preview_restore(*repository_, snapshot, std::move(options), progress, tell));
    return told;
  }

  static struct stat look(const std::string& path) {
    struct stat info {};
    EXPECT_EQ(lstat(path.c_str(), &info), 0) << path;
    return info;
  }
  static void overwrite(const std::string& path, off_t at, const std::string& bytes) {
    const int fd = open(path.c_str(), O_WRONLY | O_CLOEXEC);
    EXPECT_EQ(pwrite(fd, bytes.data(), bytes.size(), at), static_cast<ssize_t>(bytes.size()));
    close(fd);
  }
  /// Every name below the target with its inode and the time it last changed in any way.
  std::string state() {
    std::vector<std::string> all;
    for (const auto& found : std::filesystem::recursive_directory_iterator(dir_ / "out")) {
      const struct stat info = look(found.path());
      all.push_back(fmt::format("{} {} {}.{}", found.path().string(), info.st_ino, info.st_ctim.tv_sec,
                                info.st_ctim.tv_nsec));
    }
    std::ranges::sort(all);
    return lines(all);
  }
  std::string differences() { return lines(tree_differences(dir_ / "n", out())); }

  RestoreResult preview_;
};

TEST_F(RestoreChangeTest, DeltaWritesOnlyThePiecesThatDifferInPlace) {
  const Snapshot snapshot = snapshot_of_files({{"image", random_text(20'000'000, 1)}});
  restore_to(snapshot, dir_ / "out");
  const ino_t before = look(out("/image")).st_ino;
  overwrite(out("/image"), 7'000'000, "changed");
  const RestoreResult result = restore_to(snapshot, delta());

  EXPECT_EQ(result.counts.files_changed, 1u);
  EXPECT_EQ(result.counts.files_new, 0u);
  EXPECT_GT(result.bytes_written, 0u);
  EXPECT_LT(result.bytes_written, 5'000'000u);
  EXPECT_EQ(look(out("/image")).st_ino, before);
  EXPECT_EQ(differences(), "");
}

TEST_F(RestoreChangeTest, DeltaOfAFileThatOnlyHasAnotherTimeWritesNothing) {
  const Snapshot snapshot = snapshot_of_files({{"image", random_text(3'000'000, 1)}});
  restore_to(snapshot, dir_ / "out");
  stash::test::set_time(out("/image"), 1, 0);
  const RestoreResult result = restore_to(snapshot, delta());

  EXPECT_EQ(result.counts.files_unmodified, 1u);
  EXPECT_EQ(result.bytes_written, 0u);
  EXPECT_EQ(differences(), "");
}

TEST_F(RestoreChangeTest, DeltaShortensAndLengthens) {
  const Snapshot snapshot =
      snapshot_of_files({{"longer", random_text(3'000'000, 1)}, {"shorter", random_text(3'000'000, 2)}});
  restore_to(snapshot, dir_ / "out");
  ASSERT_EQ(truncate(out("/longer").c_str(), 3'500'000), 0);
  ASSERT_EQ(truncate(out("/shorter").c_str(), 1'000'000), 0);
  const RestoreResult result = restore_to(snapshot, delta());

  EXPECT_EQ(result.counts.files_changed, 2u);
  EXPECT_LT(result.bytes_written, 4'000'000u);
  EXPECT_EQ(differences(), "");
}

TEST_F(RestoreChangeTest, DeltaEmptiesWhatWasAHole) {
  make_dir(dir_ / "n");
  write_file(dir_ / "n/disk", random_text(1'000'000, 1));
  ASSERT_EQ(truncate((dir_ / "n/disk").c_str(), 9'000'000), 0);
  const Snapshot snapshot = back_up(dir_ / "n").snapshot;
  ASSERT_TRUE(entry_of(snapshot, dir_ / "n/disk").sparse);
  restore_to(snapshot, dir_ / "out");
  overwrite(out("/disk"), 5'000'000, std::string(100'000, 'x'));
  const RestoreResult result = restore_to(snapshot, delta());

  EXPECT_EQ(result.counts.files_changed, 1u);
  EXPECT_EQ(result.bytes_written, 0u);
  EXPECT_EQ(differences(), "");
}

TEST_F(RestoreChangeTest, DeltaVerifiesWhatItLeft) {
  const Snapshot snapshot = snapshot_of_files({{"image", random_text(3'000'000, 1)}});
  restore_to(snapshot, dir_ / "out");
  const struct stat before = look(out("/image"));
  overwrite(out("/image"), 1'000'000, "changed");
  stash::test::set_time(out("/image"), before.st_mtim.tv_sec, before.st_mtim.tv_nsec);
  EXPECT_EQ(restore_to(snapshot, delta()).counts.files_unmodified, 1u) << "equal times are believed";
  RestoreOptions verifying = delta();
  verifying.verify = true;
  const RestoreResult result = restore_to(snapshot, verifying);

  EXPECT_EQ(result.counts.files_changed, 1u);
  EXPECT_EQ(result.files_verified, 1u);
  EXPECT_EQ(look(out("/image")).st_ino, before.st_ino);
  EXPECT_EQ(differences(), "");
}

TEST_F(RestoreChangeTest, DeltaLeavesOtherNamesOfTheFileAlone) {
  const Snapshot snapshot = snapshot_of_files({{"image", random_text(3'000'000, 1)}});
  restore_to(snapshot, dir_ / "out");
  overwrite(out("/image"), 0, "mine");
  ASSERT_EQ(link(out("/image").c_str(), (dir_ / "elsewhere").c_str()), 0);
  const RestoreResult result = restore_to(snapshot, delta());

  EXPECT_EQ(result.counts.files_new, 1u);
  EXPECT_EQ(differences(), "");
  std::ifstream other(dir_ / "elsewhere", std::ios::binary);
  std::string start(4, '\0');
  other.read(start.data(), 4);
  EXPECT_EQ(start, "mine");
}

TEST_F(RestoreChangeTest, WhatDeltaWritesIsNobodyElsesToReadMeanwhile) {
  const Snapshot snapshot = snapshot_of_files({{"secret", random_text(3'000'000, 1)}});
  restore_to(snapshot, dir_ / "out");
  overwrite(out("/secret"), 0, "old");
  ASSERT_EQ(chmod(out("/secret").c_str(), 0666), 0);
  HookedStore hooked(world_.memory);
  repository_ = net::run(open_raw(hooked, world_.environment()));
  std::vector<std::string> modes;
  hooked.on_call = [&](const std::string& call) {
    if (call.starts_with("get packs/"))
      modes.push_back(fmt::format("{:o}", look(out("/secret")).st_mode & 07777));
  };
  restore_to(snapshot, delta());

  ASSERT_FALSE(modes.empty());
  EXPECT_EQ(modes.back(), "600");
  EXPECT_EQ(differences(), "");
  reopen();
}

TEST_F(RestoreChangeTest, DeltaFinishesAFileThatAKillMet) {
  const Snapshot snapshot = snapshot_of_files({{"image", random_text(60'000'000, 1)}});
  std::filesystem::create_directories(out());
  write_file(out("/image"), random_text(60'000'000, 2));
  HookedStore hooked(world_.memory);
  repository_ = net::run(open_raw(hooked, world_.environment()));
  std::uint64_t fetched = 0;
  hooked.on_got = [&](const std::string& name, const Bytes& got) {
    if (name.starts_with("packs/")) fetched += got.size();
    if (fetched > 40'000'000) throw Error(ErrorKind::Unavailable, "killed");
  };
  EXPECT_EQ(kind_of([&] { restore_to(snapshot, delta()); }), ErrorKind::Unavailable);
  EXPECT_NE(differences(), "");
  hooked.on_got = {};
  const RestoreResult result = restore_to(snapshot, delta());

  EXPECT_EQ(result.counts.files_changed, 1u);
  EXPECT_LT(result.bytes_written, 55'000'000u) << "some of it was there";
  EXPECT_EQ(differences(), "");
  reopen();
}

TEST_F(RestoreChangeTest, ASecondRunAfterAKillFetchesOnlyTheRest) {
  std::map<std::string, std::string> files;
  for (unsigned i = 0; i < 2500; ++i) files.emplace(fmt::format("{:04}", i), random_text(8000, i));
  const Snapshot snapshot = snapshot_of_files(files);
  HookedStore hooked(world_.memory);
  repository_ = net::run(open_raw(hooked, world_.environment()));
  std::uint64_t fetched = 0;
  std::uint64_t allowed = UINT64_MAX;
  hooked.on_got = [&](const std::string& name, const Bytes& got) {
    if (name.starts_with("packs/")) fetched += got.size();
    if (fetched > allowed) throw Error(ErrorKind::Unavailable, "killed");
  };
  restore_to(snapshot, dir_ / "whole");
  const std::uint64_t whole = std::exchange(fetched, 0);
  allowed = whole * 9 / 10;
  EXPECT_EQ(kind_of([&] { restore_to(snapshot, options()); }), ErrorKind::Unavailable);
  allowed = UINT64_MAX;
  fetched = 0;
  const RestoreResult result = restore_to(snapshot, options());

  EXPECT_GT(result.counts.files_unmodified, 1000u);
  EXPECT_EQ(result.counts.files_unmodified + result.counts.files_new, 2500u);
  EXPECT_EQ(result.bytes_written, result.counts.files_new * 8000);
  EXPECT_LT(fetched, whole * 6 / 10);
  EXPECT_EQ(differences(), "");
  reopen();
}

TEST_F(RestoreChangeTest, APreviewOfAnEmptyTargetCreatesEverythingAndNothing) {
  make_nasty_tree(dir_ / "n");
  const Snapshot snapshot = back_up(dir_ / "n").snapshot;
  preview(snapshot, options());

  EXPECT_EQ(preview_.changes.created, snapshot.counts.entries());
  EXPECT_EQ(preview_.errors, 0u);
  EXPECT_NE(access((dir_ / "out").c_str(), F_OK), 0);
}

TEST_F(RestoreChangeTest, APreviewOfARestoredTreeFindsAllOfItRight) {
  make_nasty_tree(dir_ / "n");
  const Snapshot snapshot = back_up(dir_ / "n").snapshot;
  restore_to(snapshot, dir_ / "out");
  const std::string before = state();

  EXPECT_EQ(preview(snapshot, options()), "");
  EXPECT_EQ(preview_.changes.unchanged, snapshot.counts.entries());
  EXPECT_EQ(state(), before);
}

TEST_F(RestoreChangeTest, APreviewTellsWhatARestoreThenDoes) {
  make_dir(dir_ / "n");
  make_dir(dir_ / "n/d");
  write_file(dir_ / "n/d/gone", "x");
  write_file(dir_ / "n/d/same", "x");
  write_file(dir_ / "n/content", "as it was");
  write_file(dir_ / "n/mode", "x");
  write_file(dir_ / "n/one", "x");
  ASSERT_EQ(link((dir_ / "n/one").c_str(), (dir_ / "n/two").c_str()), 0);
  ASSERT_EQ(symlink("mode", (dir_ / "n/link").c_str()), 0);
  write_file(dir_ / "n/sort", "a file");
  const Snapshot snapshot = back_up(dir_ / "n").snapshot;
  restore_to(snapshot, dir_ / "out");
  ASSERT_EQ(unlink(out("/d/gone").c_str()), 0);
  write_file(out("/content"), "and is now");
  ASSERT_EQ(chmod(out("/mode").c_str(), 0600), 0);
  ASSERT_EQ(unlink(out("/two").c_str()), 0);
  write_file(out("/two"), "x");
  ASSERT_EQ(unlink(out("/link").c_str()), 0);
  ASSERT_EQ(symlink("elsewhere", out("/link").c_str()), 0);
  ASSERT_EQ(unlink(out("/sort").c_str()), 0);
  make_dir(out("/sort"));
  const std::string before = state();

  EXPECT_EQ(preview(snapshot, options()),
            "U \nM /content\nU /d\n+ /d/gone\nM /link\nU /mode\nT /sort\nM /two\n");
  EXPECT_EQ(preview_.changes.created, 1u);
  EXPECT_EQ(preview_.changes.rewritten, 4u);
  EXPECT_EQ(preview_.changes.metadata, 3u);
  EXPECT_EQ(preview_.changes.unchanged, 2u);
  EXPECT_EQ(state(), before);
  restore_to(snapshot, dir_ / "out");
  EXPECT_EQ(preview(snapshot, options()), "");
  EXPECT_EQ(differences(), "");
}

TEST_F(RestoreChangeTest, APreviewReadsContentWhereItIsDoubted) {
  const Snapshot snapshot =
      snapshot_of_files({{"hidden", random_text(300'000, 1)}, {"touched", random_text(300'000, 2)}});
  restore_to(snapshot, dir_ / "out");
  const struct stat was = look(out("/hidden"));
  overwrite(out("/hidden"), 5, "changed");
  stash::test::set_time(out("/hidden"), was.st_mtim.tv_sec, was.st_mtim.tv_nsec);
  stash::test::set_time(out("/touched"), 1, 0);

  EXPECT_EQ(preview(snapshot, options()), "M /touched\n");
  EXPECT_EQ(preview(snapshot, delta()), "U /touched\n");
  RestoreOptions verifying = delta();
  verifying.verify = true;
  EXPECT_EQ(preview(snapshot, verifying), "M /hidden\nU /touched\n");
}

TEST_F(RestoreChangeTest, APreviewOfAChoiceNamesTheDirectoriesItNeeds) {
  make_dir(dir_ / "n");
  make_dir(dir_ / "n/a");
  make_dir(dir_ / "n/b");
  write_file(dir_ / "n/a/x", "x");
  write_file(dir_ / "n/b/y", "y");
  const Snapshot snapshot = back_up(dir_ / "n").snapshot;
  RestoreOptions choice = options();
  choice.includes = {"y"};

  EXPECT_EQ(preview(snapshot, choice), "+ \n+ /b\n+ /b/y\n");
  restore_to(snapshot, choice);
  EXPECT_EQ(preview(snapshot, choice), "");
}

}  // namespace
}  // namespace stash::engine::test
