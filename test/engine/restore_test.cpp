#include "stash/engine/restore.hpp"

#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/sysmacros.h>

#include <csignal>
#include <cstdlib>
#include <optional>
#include <set>

#include "backup_fixture.hpp"
#include "engine/blobs/fetch_plan.hpp"
#include "engine/snapshot/content_map.hpp"
#include "faulty_tree.hpp"

namespace stash::engine::test {
namespace {

class RestoreTest : public BackupTest {
 protected:
  std::string read_back(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  /// A small tree under /…/n with a directory, files, a link.
  Snapshot small() {
    make_dir(dir_ / "n");
    make_dir(dir_ / "n/d");
    write_file(dir_ / "n/a", random_text(200'000, 1));
    write_file(dir_ / "n/d/b", random_text(70'000, 2));
    write_file(dir_ / "n/d/c.txt", "short");
    stash::test::must(symlink("a", (dir_ / "n/link").c_str()) == 0, "symlink");
    return back_up(dir_ / "n").snapshot;
  }
  std::string out(const std::string& name = "") { return dir_ / "out" + dir_ / "n" + name; }

  /// What a restore that has to meet damage says of it.
  std::string damage_told(const Snapshot& snapshot) {
    try {
      restore_to(snapshot, dir_ / "out");
    } catch (const Error& e) {
      EXPECT_EQ(e.kind(), ErrorKind::Corrupt);
      return e.what();
    }
    ADD_FAILURE() << "damage was not noticed";
    return "";
  }

  FramePlace place_of(const BlobId& id) {
    net::run(repository_->impl().load_index(Index::Scope::Places));
    return BlobReader(repository_->impl()).find(BlobKind::Tree, id).at(0).frame;
  }
  void damage(const FramePlace& frame) {
    world_.memory.objects().at(pack_name(frame.pack)).at(frame.offset) ^= std::byte{1};
  }
  void damage_blob(const BlobId& id) { damage(place_of(id)); }
  /// A frame that holds leaves, but neither a node nor the first or the last leaf. Small leaves share frames
  /// past large ones, so which one that is changes with the paths.
  void damage_tree(const Snapshot& snapshot) {
    TreeBlobs tree = net::run(tree_blobs(manifest_of(snapshot).root));
    ASSERT_GT(tree.leaves.size(), 2u);
    std::set<std::uint32_t> kept;
    for (const BlobId& id : tree.nodes) kept.insert(place_of(id).offset);
    for (const BlobId& id : {tree.leaves.front(), tree.leaves.back()}) kept.insert(place_of(id).offset);
    std::erase_if(tree.leaves, [&](const BlobId& id) { return kept.contains(place_of(id).offset); });
    ASSERT_GT(tree.leaves.size(), 0u);
    damage_blob(tree.leaves.front());
  }
  struct TreeBlobs {
    std::vector<BlobId> nodes;
    std::vector<BlobId> leaves;
  };
  Task<TreeBlobs> tree_blobs(BlobId root) {
    BlobReader blobs(repository_->impl());
    TreeReader tree(blobs, root);
    TreeBlobs found;
    tree.on_blob([&](const BlobRef& ref) { found.nodes.push_back(ref.id); });
    while (co_await tree.next())
      if (!tree.peek() && !found.nodes.empty()) {
        found.leaves.push_back(found.nodes.back());
        found.nodes.pop_back();
      }
    co_return found;
  }
};

std::string problems(const std::vector<PathProblem>& list) {
  std::string text;
  for (const PathProblem& p : list) text += p.path + ": " + p.what + "\n";
  return text;
}

TEST_F(RestoreTest, BringsBackEverythingOfANastyTree) {
  const std::string source = dir_ / "n";
  make_nasty_tree(source);
  const BackupResult made = back_up(source);
  ASSERT_EQ(problems(made.snapshot.first_errors), "");
  RestoreOptions options;
  options.target = dir_ / "out";
  options.verify = true;
  const RestoreResult result = restore_to(made.snapshot, options);

  EXPECT_EQ(problems(result.first_errors), "");
  EXPECT_EQ(problems(result.first_warnings), "");
  EXPECT_TRUE(result.owners_kept);
  EXPECT_EQ(lines(tree_differences(source, out())), "");
  EXPECT_EQ(result.counts.entries(), made.snapshot.counts.entries());
  EXPECT_GT(result.files_verified, 3000u);
}

TEST_F(RestoreTest, ASecondRestoreWritesNothing) {
  const std::string source = dir_ / "n";
  make_nasty_tree(source);
  const Snapshot snapshot = back_up(source).snapshot;
  restore_to(snapshot, dir_ / "out");
  const RestoreResult again = restore_to(snapshot, dir_ / "out");

  EXPECT_EQ(problems(again.first_errors), "");
  EXPECT_EQ(again.counts.files_new, 0u);
  EXPECT_EQ(again.bytes_written, 0u);
  EXPECT_EQ(again.counts.files_unmodified, snapshot.counts.files());
  EXPECT_EQ(lines(tree_differences(source, out())), "");
}

TEST_F(RestoreTest, RepairsWhatChangedAndLeavesWhatIsNotInTheSnapshot) {
  const Snapshot snapshot = small();
  restore_to(snapshot, dir_ / "out");
  write_file(out("/a"), "overwritten");
  write_file(out("/extra"), "mine");
  ASSERT_EQ(unlink(out("/d/c.txt").c_str()), 0);
  ASSERT_EQ(chmod(out("/d").c_str(), 0700), 0);
  const RestoreResult result = restore_to(snapshot, dir_ / "out");

  EXPECT_EQ(result.counts.files_new, 2u);
  EXPECT_GT(result.bytes_written, 0u);
  EXPECT_EQ(result.counts.files_unmodified, 1u);
  EXPECT_EQ(read_back(out("/extra")), "mine");
  ASSERT_EQ(unlink(out("/extra").c_str()), 0);
  restore_to(snapshot, dir_ / "out");
  EXPECT_EQ(lines(tree_differences(dir_ / "n", out())), "");
}

TEST_F(RestoreTest, VerifyFindsWhatTimesHide) {
  const Snapshot snapshot = small();
  restore_to(snapshot, dir_ / "out");
  struct stat before {};
  ASSERT_EQ(stat(out("/a").c_str(), &before), 0);
  std::string text = read_back(out("/a"));
  text[1000] = static_cast<char>(text[1000] ^ 1);
  write_file(out("/a"), text);
  stash::test::set_time(out("/a"), before.st_mtim.tv_sec, before.st_mtim.tv_nsec);

  EXPECT_EQ(restore_to(snapshot, dir_ / "out").counts.files_new, 0u);
  RestoreOptions options;
  options.target = dir_ / "out";
  options.verify = true;
  EXPECT_EQ(restore_to(snapshot, options).counts.files_new, 1u);
  EXPECT_EQ(lines(tree_differences(dir_ / "n", out())), "");
}

TEST_F(RestoreTest, IncludesAndExcludes) {
  const Snapshot snapshot = small();
  RestoreOptions options;
  options.target = dir_ / "out";
  options.includes = {"d"};
  options.excludes = {"*.txt"};
  const RestoreResult result = restore_to(snapshot, options);

  EXPECT_EQ(result.counts.files(), 1u);
  EXPECT_EQ(read_back(out("/d/b")).size(), 70'000u);
  EXPECT_NE(access(out("/a").c_str(), F_OK), 0);
  EXPECT_NE(access(out("/d/c.txt").c_str(), F_OK), 0);
}

TEST_F(RestoreTest, OtherThingsInTheWayAreReplaced) {
  const Snapshot snapshot = small();
  stash::test::must(std::filesystem::create_directories(out()), "mkdir");
  make_dir(out("/a"));
  write_file(out("/d"), "a file where the directory goes");
  write_file(out("/link"), "a file where the link goes");
  const RestoreResult result = restore_to(snapshot, dir_ / "out");

  EXPECT_EQ(problems(result.first_errors), "");
  EXPECT_EQ(lines(tree_differences(dir_ / "n", out())), "");
}

TEST_F(RestoreTest, ADirectoryWithSomethingInItIsNotReplaced) {
  const Snapshot snapshot = small();
  std::filesystem::create_directories(out("/a/precious"));
  std::filesystem::create_directories(out("/link/precious"));
  const RestoreResult result = restore_to(snapshot, dir_ / "out");

  EXPECT_EQ(result.errors, 2u);
  EXPECT_EQ(problems(result.first_errors), dir_ / "n/link: a directory that is not empty is in the way\n" +
                                               dir_ / "n/a: a directory that is not empty is in the way\n");
  EXPECT_EQ(access(out("/a/precious").c_str(), F_OK), 0);
  EXPECT_EQ(read_back(out("/d/c.txt")), "short");
}

TEST_F(RestoreTest, NeverWritesThroughASymlink) {
  const Snapshot snapshot = small();
  make_dir(dir_ / "elsewhere");
  std::filesystem::create_directories(out());
  ASSERT_EQ(symlink((dir_ / "elsewhere").c_str(), out("/d").c_str()), 0);
  ASSERT_EQ(symlink((dir_ / "elsewhere/a").c_str(), out("/a").c_str()), 0);
  const RestoreResult result = restore_to(snapshot, dir_ / "out");

  EXPECT_EQ(problems(result.first_errors), "");
  EXPECT_TRUE(std::filesystem::is_empty(dir_ / "elsewhere"));
  EXPECT_EQ(lines(tree_differences(dir_ / "n", out())), "");
}

TEST_F(RestoreTest, ALinkInPlaceOfTheBackedUpPathIsRefused) {
  const Snapshot snapshot = small();
  make_dir(dir_ / "elsewhere");
  std::filesystem::create_directories(dir_ / "out" + dir_.path());
  ASSERT_EQ(symlink((dir_ / "elsewhere").c_str(), out().c_str()), 0);
  const RestoreResult result = restore_to(snapshot, dir_ / "out");

  EXPECT_GT(result.errors, 0u);
  EXPECT_NE(problems(result.first_errors).find("symbolic link"), std::string::npos);
  EXPECT_TRUE(std::filesystem::is_empty(dir_ / "elsewhere"));
}

TEST_F(RestoreTest, LinksAboveTheBackedUpPathStayInsideTheTarget) {
  const Snapshot snapshot = small();
  make_dir(dir_ / "out");
  make_dir(dir_ / "out/real");
  // The first component of the path is a link to an absolute place, which is looked up below the target.
  const std::string first = dir_.path().substr(1, dir_.path().find('/', 1) - 1);
  ASSERT_EQ(symlink("/real", (dir_ / "out/" + first).c_str()), 0);
  const RestoreResult result = restore_to(snapshot, dir_ / "out");

  EXPECT_EQ(problems(result.first_errors), "");
  EXPECT_EQ(
      lines(tree_differences(dir_ / "n", dir_ / "out/real" + dir_.path().substr(first.size() + 1) + "/n")),
      "");
}

TEST_F(RestoreTest, DirectoriesAboveTheBackedUpPathKeepTheirMetadata) {
  const Snapshot snapshot = small();
  std::filesystem::create_directories(out());
  const std::string above = dir_ / "out" + dir_.path();
  ASSERT_EQ(chmod(above.c_str(), 0711), 0);
  if (geteuid() == 0) ASSERT_EQ(chown(above.c_str(), 12, 34), 0);
  restore_to(snapshot, dir_ / "out");

  struct stat info {};
  ASSERT_EQ(stat(above.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777u, 0711u);
  if (geteuid() == 0) EXPECT_EQ(info.st_uid, 12u);
  EXPECT_EQ(lines(tree_differences(dir_ / "n", out())), "");
}

TEST_F(RestoreTest, RestoresOntoAMountedVolumeInPlace) {
  if (geteuid() != 0) GTEST_SKIP() << "needs to mount";
  const Snapshot snapshot = small();
  const std::string volume = dir_ / "n";
  std::filesystem::rename(volume, dir_ / "saved");
  make_dir(volume);
  ASSERT_EQ(mount("none", volume.c_str(), "tmpfs", 0, "size=8m"), 0);
  const RestoreResult result = restore_to(snapshot, "/");
  const std::string differences = lines(tree_differences(dir_ / "saved", volume));
  umount(volume.c_str());

  EXPECT_EQ(problems(result.first_errors), "");
  EXPECT_EQ(differences, "");
}

/// Acts as another user for as long as it lives.
class AsNobody {
 public:
  AsNobody() { stash::test::must(seteuid(65534) == 0, "seteuid"); }
  ~AsNobody() {
    if (seteuid(0) != 0) std::abort();
  }
};

TEST_F(RestoreTest, WithoutPrivilegesItTellsWhatItCouldNotKeep) {
  if (geteuid() != 0) GTEST_SKIP() << "needs two users";
  make_dir(dir_ / "n");
  write_file(dir_ / "n/theirs", "x");
  write_file(dir_ / "n/program", "y");
  ASSERT_EQ(chown((dir_ / "n/theirs").c_str(), 1234, 1234), 0);
  ASSERT_EQ(chmod((dir_ / "n/program").c_str(), 04755), 0);
  ASSERT_EQ(mknod((dir_ / "n/device").c_str(), S_IFCHR | 0600, makedev(1, 3)), 0);
  const Snapshot snapshot = back_up(dir_ / "n").snapshot;
  make_dir(dir_ / "out");
  ASSERT_EQ(chmod(dir_.path().c_str(), 0711), 0) << "may be passed through, but not listed";
  ASSERT_EQ(chmod((dir_ / "out").c_str(), 0777), 0);
  RestoreResult result;
  {
    const AsNobody nobody;
    result = restore_to(snapshot, dir_ / "out");
  }

  EXPECT_FALSE(result.owners_kept);
  EXPECT_NE(problems(result.first_warnings).find("/n/theirs: set the owner"), std::string::npos);
  EXPECT_EQ(problems(result.first_errors), dir_ / "n/device: create: Operation not permitted\n");
  EXPECT_EQ(read_back(out("/theirs")), "x");
  struct stat info {};
  ASSERT_EQ(stat(out("/program").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777u, 0755u) << "no privileges of an owner that it does not have";
}

TEST_F(RestoreTest, WhatNobodyMayWriteKeepsItsAttributesWithoutPrivileges) {
  make_dir(dir_ / "n");
  make_dir(dir_ / "n/dir");
  write_file(dir_ / "n/small", "x");
  write_file(dir_ / "n/large", random_text(3'000'000, 1));
  for (const char* name : {"n/dir", "n/small", "n/large"}) {
    ASSERT_EQ(setxattr((dir_ / name).c_str(), "user.note", "hello", 5, 0), 0) << name;
    ASSERT_EQ(chmod((dir_ / name).c_str(), 0555), 0);
  }
  const Snapshot snapshot = back_up(dir_ / "n").snapshot;
  make_dir(dir_ / "out");
  ASSERT_EQ(chmod(dir_.path().c_str(), 0711), 0) << "may be passed through, but not listed";
  ASSERT_EQ(chmod((dir_ / "out").c_str(), 0777), 0);
  {
    std::optional<AsNobody> nobody;
    if (geteuid() == 0) nobody.emplace();
    restore_to(snapshot, dir_ / "out");
  }

  for (const char* name : {"/dir", "/small", "/large"}) {
    std::array<char, 16> value{};
    EXPECT_EQ(getxattr(out(name).c_str(), "user.note", value.data(), value.size()), 5) << name;
    EXPECT_STREQ(value.data(), "hello") << name;
    struct stat info {};
    ASSERT_EQ(stat(out(name).c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 07777u, 0555u) << name;
  }
}

TEST_F(RestoreTest, EveryProblemIsToldBeyondTheFirstThatAreListed) {
  if (geteuid() != 0) GTEST_SKIP() << "needs two users";
  make_dir(dir_ / "n");
  for (int i = 0; i < 150; ++i) {
    const std::string file = dir_ / "n/" + std::to_string(i);
    write_file(file, "x");
    ASSERT_EQ(chown(file.c_str(), 1234, 1234), 0);
  }
  const Snapshot snapshot = back_up(dir_ / "n").snapshot;
  std::filesystem::create_directories(out("/7/full"));
  for (std::string path = out(); path != dir_.path(); path = path.substr(0, path.rfind('/')))
    ASSERT_EQ(chmod(path.c_str(), 0777), 0);
  ASSERT_EQ(chmod(dir_.path().c_str(), 0711), 0);
  std::set<std::string> warned;
  std::string errors;
  RestoreOptions options;
  options.target = dir_ / "out";
  options.on_warning = [&](const PathProblem& p) { warned.insert(p.path + ": " + p.what); };
  options.on_error = [&](const PathProblem& p) { errors += p.path + ": " + p.what + "\n"; };
  RestoreResult result;
  {
    const AsNobody nobody;
    result = restore_to(snapshot, options);
  }

  EXPECT_EQ(result.first_warnings.size(), 100u);
  EXPECT_EQ(warned.count(dir_ / "n/99: set the owner: Operation not permitted"), 1u);
  EXPECT_GE(warned.size(), 149u);
  EXPECT_EQ(errors, dir_ / "n/7: a directory that is not empty is in the way\n");
}

TEST_F(RestoreTest, APathBelowAnUnlistableDirectoryIsBackedUp) {
  if (geteuid() != 0) GTEST_SKIP() << "needs two users";
  make_dir(dir_ / "n");
  write_file(dir_ / "n/x", "x");
  ASSERT_EQ(chmod(dir_.path().c_str(), 0711), 0);
  const AsNobody nobody;

  EXPECT_EQ(back_up(dir_ / "n").snapshot.counts.files(), 1u);
}

TEST_F(RestoreTest, AFullDiskEndsItWithoutHalfFiles) {
  if (geteuid() != 0) GTEST_SKIP() << "needs to mount";
  make_dir(dir_ / "n");
  for (int i = 0; i < 8; ++i)
    write_file(dir_ / "n/" + std::to_string(i), random_text(500'000, static_cast<std::uint64_t>(i)));
  const Snapshot snapshot = back_up(dir_ / "n").snapshot;
  make_dir(dir_ / "out");
  ASSERT_EQ(mount("none", (dir_ / "out").c_str(), "tmpfs", 0, "size=2m"), 0);
  const auto kind = kind_of([&] { restore_to(snapshot, dir_ / "out"); });
  std::size_t wrong = 0;
  if (std::filesystem::exists(out()))
    for (const auto& file : std::filesystem::directory_iterator(out())) wrong += file.file_size() != 500'000;
  umount((dir_ / "out").c_str());

  EXPECT_EQ(kind, ErrorKind::Exhausted);
  EXPECT_EQ(wrong, 0u);
}

/// Files grow to so many bytes at most, for as long as it lives.
class FileLimit {
 public:
  explicit FileLimit(rlim_t bytes) : before_(signal(SIGXFSZ, SIG_IGN)) {
    stash::test::must(getrlimit(RLIMIT_FSIZE, &limit_) == 0, "getrlimit");
    const rlimit lower{bytes, limit_.rlim_max};
    stash::test::must(setrlimit(RLIMIT_FSIZE, &lower) == 0, "setrlimit");
  }
  ~FileLimit() {
    setrlimit(RLIMIT_FSIZE, &limit_);
    signal(SIGXFSZ, before_);
  }

 private:
  sighandler_t before_;
  rlimit limit_{};
};

TEST_F(RestoreTest, AFileTooLargeForTheTargetCostsOnlyThatFile) {
  make_dir(dir_ / "n");
  write_file(dir_ / "n/a large one", random_text(3'000'000, 1));
  write_file(dir_ / "n/small", "small");
  write_file(dir_ / "n/smaller", random_text(500'000, 2));
  const Snapshot snapshot = back_up(dir_ / "n").snapshot;
  RestoreResult result;
  {
    const FileLimit limit(2'000'000);
    result = restore_to(snapshot, dir_ / "out");
  }

  EXPECT_EQ(problems(result.first_errors), dir_ / "n/a large one: set the size: File too large\n");
  EXPECT_NE(access(out("/a large one").c_str(), F_OK), 0);
  EXPECT_EQ(read_back(out("/small")), "small");
  EXPECT_EQ(read_back(out("/smaller")).size(), 500'000u);
}

TEST_F(RestoreTest, DamagedPacksAreToldAndTheRestIsRestored) {
  make_dir(dir_ / "n");
  write_file(dir_ / "n/large", random_text(3'000'000, 1));
  write_file(dir_ / "n/small", "small");
  const Snapshot snapshot = back_up(dir_ / "n").snapshot;
  for (auto& [name, bytes] : world_.memory.objects())
    if (name.starts_with("packs/") && bytes.size() > 1'000'000) bytes[1'000'000] ^= std::byte{1};
  const std::string told = damage_told(snapshot);
  EXPECT_NE(told.find("1 entries"), std::string::npos) << told;
  EXPECT_NE(told.find("/n/large"), std::string::npos) << told;
  EXPECT_EQ(read_back(out("/small")), "small");
  EXPECT_NE(access(out("/large").c_str(), F_OK), 0);
}

TEST_F(RestoreTest, OfADamagedTreeAllIsRestoredBesideTheDamage) {
  make_dir(dir_ / "n");
  constexpr int kFiles = 3000;
  std::mt19937_64 random(1);
  for (int i = 0; i < kFiles; ++i) {
    std::string name = fmt::format("{:04}", i);
    while (name.size() < 200) name += fmt::format("{:016x}", random());
    write_file(dir_ / "n/" + name, "x");
  }
  stash::test::must(chmod((dir_ / "n").c_str(), 0751) == 0, "chmod");
  const Snapshot snapshot = back_up(dir_ / "n").snapshot;
  damage_tree(snapshot);
  reopen();
  const std::string told = damage_told(snapshot);
  EXPECT_NE(told.find(dir_ / "n/"), std::string::npos) << told;
  EXPECT_NE(told.find("what comes next to it"), std::string::npos) << told;
  std::set<std::string> restored;
  for (const auto& file : std::filesystem::directory_iterator(out()))
    restored.insert(file.path().filename().string().substr(0, 4));
  EXPECT_GT(restored.size(), static_cast<std::size_t>(kFiles / 2));
  EXPECT_LT(restored.size(), static_cast<std::size_t>(kFiles));
  EXPECT_TRUE(restored.contains("0000"));
  EXPECT_TRUE(restored.contains(fmt::format("{:04}", kFiles - 1)));
  struct stat info {};
  ASSERT_EQ(stat(out().c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777u, 0751u);
}

TEST_F(RestoreTest, LostAttributesCostTheFileNothingElse) {
  make_dir(dir_ / "n");
  for (int i = 0; i < 100; ++i) {
    const std::string path = dir_ / "n" + fmt::format("/{:02}", i);
    write_file(path, "content");
    const std::string value = random_text(3000, static_cast<unsigned char>(i));
    stash::test::must(setxattr(path.c_str(), "user.a", value.data(), value.size(), 0) == 0, "setxattr");
  }
  const Snapshot snapshot = back_up(dir_ / "n").snapshot;
  const Entry first = entry_of(snapshot, dir_ / "n/00");
  damage_blob(first.xattr_blob.value().id);
  reopen();
  const std::string told = damage_told(snapshot);
  EXPECT_NE(told.find("without its extended attributes"), std::string::npos) << told;
  EXPECT_EQ(read_back(out("/00")), "content");
  EXPECT_EQ(read_back(out("/99")), "content");
  EXPECT_GT(getxattr(out("/99").c_str(), "user.a", nullptr, 0), 0);
}

TEST_F(RestoreTest, WhatWasUnreadableAtBackupIsAnError) {
  make_dir(dir_ / "n");
  write_file(dir_ / "n/denied", "x");
  write_file(dir_ / "n/fine", "y");
  FaultyTree tree;
  tree.faults = {{"denied", Fault::Denied}};
  const Snapshot snapshot = back_up(options({dir_ / "n"}), tree).snapshot;
  const RestoreResult result = restore_to(snapshot, dir_ / "out");

  EXPECT_EQ(problems(result.first_errors), dir_ / "n/denied: it could not be read when it was backed up\n");
  EXPECT_EQ(read_back(out("/fine")), "y");
  EXPECT_NE(access(out("/denied").c_str(), F_OK), 0);
}

TEST(RestorePlan, JoinsNearFramesOfOnePack) {
  ObjectId one;
  ObjectId two;
  two.bytes[0] = std::byte{1};
  const auto piece = [](const ObjectId& pack, std::uint32_t offset, std::uint32_t stored) {
    WantedPiece p;
    p.frame.pack = pack;
    p.frame.offset = offset;
    p.frame.stored = stored;
    p.frame.raw = stored * 2;
    return p;
  };
  std::vector<WantedPiece> pieces{piece(two, 0, 100), piece(one, 5000, 100), piece(one, 16, 1000),
                                  piece(one, 16, 1000), piece(one, 3u << 20, 100)};
  const std::vector<FetchRun> runs = plan_runs(pieces);

  ASSERT_EQ(runs.size(), 3u);
  EXPECT_EQ(runs[0].offset, 16u);
  EXPECT_EQ(runs[0].length, 5084u);
  EXPECT_EQ(runs[0].count, 3u);
  EXPECT_EQ(runs[0].largest_frame, 2000u);
  EXPECT_EQ(runs[1].offset, 3u << 20);
  EXPECT_EQ(runs[2].pack, two);
  EXPECT_EQ(runs[2].first, 4u);
}

TEST(RestorePlan, NoRunIsTooLong) {
  std::vector<WantedPiece> pieces(64);
  for (std::uint32_t i = 0; i < 64; ++i) {
    pieces[i].frame.offset = i << 20;
    pieces[i].frame.stored = 1u << 20;
  }
  std::size_t covered = 0;
  for (const FetchRun& run : plan_runs(pieces)) {
    EXPECT_LE(run.length, kMaxRun);
    covered += run.count;
  }
  EXPECT_EQ(covered, 64u);
}

TEST(ContentMap, PutsContentBetweenHoles) {
  Entry entry;
  entry.size = 1000;
  entry.sparse = true;
  entry.extents = {{100, 50}, {200, 10}, {900, 100}};
  const ContentMap map(entry);
  EXPECT_EQ(map.length(), 160u);
  std::vector<std::array<std::uint64_t, 3>> visits;
  map.each(40, 100, [&](std::uint64_t to, std::uint64_t from, std::uint64_t size) {
    visits.push_back({to, from, size});
  });
  const std::vector<std::array<std::uint64_t, 3>> expected{{140, 0, 10}, {200, 10, 10}, {900, 20, 80}};
  EXPECT_EQ(visits, expected);
}

}  // namespace
}  // namespace stash::engine::test
