#include "stash/engine/copy.hpp"

#include "backup_fixture.hpp"
#include "engine/copy/snapshot_copier.hpp"
#include "engine/repository/tombs.hpp"
#include "hooked_store.hpp"
#include "snapshot_fixture.hpp"
#include "stash/engine/repair.hpp"
#include "stash/engine/retag.hpp"

namespace stash::engine::test {
namespace {

/// A second repository with keys of its own beside the one of the fixture.
class CopyTest : public BackupTest {
 protected:
  CopyTest() {
    world_.timers.advance(std::chrono::seconds(1));
    net::run(init_raw(other_, world_.environment()));
    open_destination();
  }

  void open_destination() { to_ = net::run(open_raw(other_, world_.environment())); }

  CopyResult copy(std::vector<std::string> ids = {}, SnapshotFilter filter = {}) {
    Progress progress;
    told_.clear();
    return net::run(copy_snapshots(*repository_, *to_, std::move(ids), std::move(filter), progress,
                                   [this](const CopiedSnapshot& one) { told_.push_back(one); }));
  }
  std::vector<Snapshot> copies() { return net::run(to_->snapshots(SnapshotFilter())); }
  RestoreResult restore_copy(const Snapshot& snapshot, const std::string& target) {
    RestoreOptions options;
    options.target = target;
    options.verify = true;
    Progress progress;
    return net::run(restore(*to_, snapshot, options, progress));
  }
  /// Bytes that copying reads from packs of the source.
  std::uint64_t bytes_read_by_copy() {
    HookedStore hooked(world_.memory);
    repository_ = net::run(open_raw(hooked, world_.environment()));
    std::uint64_t read = 0;
    hooked.on_got = [&](const std::string& name, const Bytes& got) {
      if (name.starts_with("packs/")) read += got.size();
    };
    copy();
    reopen();
    return read;
  }
  /// A blob of the destination is lost, and what is left of the snapshot that had it takes its place.
  void lose_a_blob_of_the_copy() {
    for (auto& [name, bytes] : other_.objects())
      if (name.starts_with("packs/") && bytes.size() > 1'000'000) bytes[1'000'000] ^= std::byte{1};
    open_destination();
    Progress progress;
    net::run(repair_packs(*to_, {}, progress));
    RepairSnapshotsOptions options;
    options.forget = true;
    EXPECT_EQ(net::run(repair_snapshots(*to_, options, progress)).damaged.size(), 1u);
    open_destination();
  }
  Task<void> copy_tree(BlobWriter& writer, BlobId root, CopiedTree before, TreeRef& made) {
    Progress progress;
    SnapshotCopier copier(repository_->impl(), to_->impl(), writer, progress);
    made = co_await copier.run(root, before);
  }
  std::size_t packs_of_copy() {
    std::size_t count = 0;
    for (const auto& [name, bytes] : other_.objects()) count += name.starts_with("packs/");
    return count;
  }

  stash::test::FaultyStore other_;
  std::unique_ptr<Repository> to_;
  std::vector<CopiedSnapshot> told_;
};

TEST_F(CopyTest, ACopyRestoresToTheSameTree) {
  const std::string source = dir_ / "n";
  make_nasty_tree(source);
  const Snapshot snapshot = back_up(source).snapshot;
  const CopyResult result = copy();

  EXPECT_EQ(result.copied, 1u);
  ASSERT_EQ(copies().size(), 1u);
  const Snapshot made = copies()[0];
  EXPECT_EQ(made.start, snapshot.start);
  EXPECT_EQ(made.host, snapshot.host);
  EXPECT_EQ(made.paths, snapshot.paths);
  EXPECT_EQ(made.counts, snapshot.counts);
  EXPECT_GT(made.bytes_added, 0u);
  const RestoreResult restored = restore_copy(made, dir_ / "out");
  EXPECT_EQ(restored.errors, 0u);
  EXPECT_EQ(lines(tree_differences(source, dir_ / "out" + source)), "");
  EXPECT_TRUE(check_all(*to_).ok());
}

TEST_F(CopyTest, ItsBlobsAndTreeHaveOtherNames) {
  make_dir(dir_ / "n");
  write_file(dir_ / "n/file", random_text(3'000'000, 1));
  const Snapshot snapshot = back_up(dir_ / "n").snapshot;
  copy();
  const Entry before = entry_of(snapshot, dir_ / "n/file");
  std::swap(repository_, to_);
  const Entry after = entry_of(net::run(repository_->snapshots({}))[0], dir_ / "n/file");
  std::swap(repository_, to_);

  ASSERT_EQ(after.blobs.size(), before.blobs.size());
  for (std::size_t i = 0; i < after.blobs.size(); ++i) {
    EXPECT_EQ(after.blobs[i].size, before.blobs[i].size) << "cut as it was";
    EXPECT_NE(after.blobs[i].id, before.blobs[i].id);
  }
}

TEST_F(CopyTest, WhatIsThereAlreadyIsPassedOver) {
  make_dir(dir_ / "n");
  write_file(dir_ / "n/file", random_text(300'000, 1));
  const Snapshot snapshot = back_up(dir_ / "n").snapshot;
  copy();
  const std::size_t objects = other_.objects().size();
  const CopyResult again = copy();

  EXPECT_EQ(again.copied, 0u);
  EXPECT_EQ(again.skipped, 1u);
  EXPECT_EQ(other_.objects().size(), objects);
  ASSERT_EQ(told_.size(), 1u);
  EXPECT_EQ(told_[0].source, snapshot.id);
  EXPECT_EQ(told_[0].copy, copies()[0].id);
  EXPECT_TRUE(told_[0].before);
}

TEST_F(CopyTest, ACopyThatWasTaggedIsStillTheCopy) {
  make_dir(dir_ / "n");
  write_file(dir_ / "n/file", "x");
  back_up(dir_ / "n");
  copy();
  TagChange change;
  change.add = {"kept"};
  net::run(retag(*to_, {}, {}, change));

  EXPECT_EQ(copy().skipped, 1u);
  EXPECT_EQ(copies().size(), 1u);
}

TEST_F(CopyTest, ARepairedCopyThatLacksSomethingIsNoCopy) {
  make_dir(dir_ / "n");
  write_file(dir_ / "n/file", random_text(3'000'000, 1));
  back_up(dir_ / "n");
  copy();
  lose_a_blob_of_the_copy();

  EXPECT_EQ(copy().copied, 1u);
  ASSERT_EQ(copies().size(), 2u);
  EXPECT_TRUE(copies()[1].complete);
  EXPECT_EQ(restore_copy(copies()[1], dir_ / "out").errors, 0u);
  EXPECT_EQ(lines(tree_differences(dir_ / "n", dir_ / "out" + dir_ / "n")), "");
}

TEST_F(CopyTest, WhatIsLeftOfContentIsNotTakenOver) {
  make_dir(dir_ / "n");
  write_file(dir_ / "n/file", random_text(3'000'000, 1));
  const BlobId root = manifest_of(back_up(dir_ / "n").snapshot).root;
  copy();
  const BlobId whole = net::run(to_->impl().manifest(copies()[0].id)).root;
  lose_a_blob_of_the_copy();
  const CopiedTree before{root, net::run(to_->impl().manifest(copies()[0].id)).root};
  net::run(repository_->impl().load_index(Index::Scope::Places));
  net::run(to_->impl().load_index(Index::Scope::Members));
  TreeRef made;
  Progress progress;
  net::run(write_session(to_->impl(), progress,
                         [&](BlobWriter& writer) { return copy_tree(writer, root, before, made); }));

  EXPECT_NE(before.to, whole);
  EXPECT_EQ(made.blob.id, whole);
}

TEST_F(CopyTest, ACopyIsNotCopiedBack) {
  make_dir(dir_ / "n");
  write_file(dir_ / "n/file", "x");
  back_up(dir_ / "n");
  copy();
  std::swap(repository_, to_);

  EXPECT_EQ(copy().skipped, 1u);
  EXPECT_EQ(copies().size(), 1u);
}

TEST_F(CopyTest, ALaterSnapshotCostsWhatChanged) {
  make_dir(dir_ / "n");
  for (int i = 0; i < 40; ++i)
    write_file(dir_ / "n/" + std::to_string(i), random_text(200'000, static_cast<std::uint64_t>(i)));
  back_up(dir_ / "n");
  const std::uint64_t first = bytes_read_by_copy();
  write_file(dir_ / "n/7", random_text(200'000, 99));
  back_up(dir_ / "n");
  open_destination();
  const std::uint64_t second = bytes_read_by_copy();

  EXPECT_GT(first, 4'000'000u);
  EXPECT_LT(second, first / 10);
  ASSERT_EQ(copies().size(), 2u);
  EXPECT_EQ(copies()[1].parent, copies()[0].id);
  EXPECT_EQ(restore_copy(copies()[1], dir_ / "out").errors, 0u);
  EXPECT_EQ(lines(tree_differences(dir_ / "n", dir_ / "out" + dir_ / "n")), "");
}

/// A snapshot of files with as many blobs as an entry lists, all out of the same ones.
Task<void> write_wide(BlobWriter& writer, Repository::Impl& repository, unsigned files, Manifest& made) {
  std::vector<BlobRef> refs;
  for (unsigned i = 0; i < Entry::kMaxBlobs; ++i)
    refs.push_back(co_await writer.add(BlobKind::Data, random_bytes(100, i)));
  TreeWriter tree(writer, repository.tree_seed);
  std::mt19937_64 order(1);
  for (unsigned i = 0; i < files; ++i) {
    std::ranges::shuffle(refs, order);
    const bool full = tree.add(file_entry(fmt::format("/data/{:04}", i), refs));
    if (full) co_await tree.flush();
  }
  const TreeRef root = co_await tree.finish();
  Manifest manifest;
  manifest.root = root.blob.id;
  manifest.entries = root.entries;
  manifest.snapshot.start = manifest.snapshot.end = repository.environment.timers.now();
  manifest.snapshot.host = "host-0";
  manifest.snapshot.paths = {"/data"};
  manifest.snapshot.program = "test";
  made = co_await commit(repository, writer, std::move(manifest));
}

TEST_F(CopyTest, FilesThatAreTakenOverDoNotWaitInMemoryUntilTheyAreMany) {
  constexpr unsigned kFiles = 400;
  HookedStore hooked(world_.memory);
  repository_ = net::run(open_raw(hooked, world_.environment()));
  std::string ids[2];
  for (std::string& id : ids) {
    world_.timers.advance(std::chrono::seconds(10));
    net::run(repository_->impl().load_index(Index::Scope::Members));
    Manifest made;
    Progress unseen;
    net::run(write_session(repository_->impl(), unseen, [&](BlobWriter& writer) {
      return write_wide(writer, repository_->impl(), kFiles, made);
    }));
    id = made.snapshot.id;
  }
  copy({ids[0]});
  Progress progress;
  std::uint64_t waiting = 0;
  hooked.on_call = [&](const std::string&) {
    const std::uint64_t taken = progress.bytes_done / (100 * Entry::kMaxBlobs);
    waiting = std::max<std::uint64_t>(waiting, taken - progress.files_done);
  };
  const CopyResult result =
      net::run(copy_snapshots(*repository_, *to_, {ids[1]}, {}, progress, [](const CopiedSnapshot&) {}));
  hooked.on_call = nullptr;

  EXPECT_EQ(result.copied, 1u);
  EXPECT_EQ(progress.files_done, kFiles);
  EXPECT_GT(waiting, 0u);
  EXPECT_LT(waiting, kFiles / 2);
  reopen();
}

TEST_F(CopyTest, WhatIsCondemnedThereIsStoredAgain) {
  make_dir(dir_ / "n");
  write_file(dir_ / "n/file", random_text(2'000'000, 1));
  back_up(dir_ / "n");
  copy();
  // A collector took every pack for dead a moment ago.
  Tomb tomb;
  for (const auto& [name, bytes] : other_.objects())
    if (const auto pack = parse_pack_name(name)) tomb.packs.push_back(*pack);
  net::run(publish_tomb(to_->impl(), std::move(tomb)));
  back_up(dir_ / "n");
  const std::size_t before = packs_of_copy();
  open_destination();
  copy();

  EXPECT_GT(packs_of_copy(), before);
  net::run(prune(*to_, at_once()));
  open_destination();
  EXPECT_TRUE(check_all(*to_).ok());
  EXPECT_EQ(copies().size(), 2u);
  EXPECT_EQ(restore_copy(copies()[1], dir_ / "out").errors, 0u);
}

TEST_F(CopyTest, ChoosesByIdAndByFilter) {
  make_dir(dir_ / "n");
  write_file(dir_ / "n/file", "x");
  BackupOptions tagged = options({dir_ / "n"});
  tagged.tags = {"t"};
  back_up(tagged);
  const Snapshot second = back_up(dir_ / "n").snapshot;
  SnapshotFilter filter;
  filter.tags.add("t");

  EXPECT_EQ(copy({}, filter).copied, 1u);
  EXPECT_EQ(copies()[0].tags, std::vector<std::string>{"t"});
  EXPECT_EQ(copy({second.id}).copied, 1u);
  EXPECT_EQ(told_[0].source, second.id);
  EXPECT_EQ(copies().size(), 2u);
}

TEST_F(CopyTest, ADamagedSnapshotIsToldAndTheOthersAreCopied) {
  make_dir(dir_ / "bad");
  make_dir(dir_ / "good");
  write_file(dir_ / "bad/file", random_text(3'000'000, 1));
  write_file(dir_ / "good/file", random_text(300'000, 2));
  const Snapshot bad = back_up(dir_ / "bad").snapshot;
  for (auto& [name, bytes] : world_.memory.objects())
    if (name.starts_with("packs/") && bytes.size() > 1'000'000) bytes[1'000'000] ^= std::byte{1};
  const Snapshot good = back_up(dir_ / "good").snapshot;
  const CopyResult result = copy();

  EXPECT_EQ(result.failed, 1u);
  EXPECT_EQ(result.copied, 1u);
  ASSERT_EQ(told_.size(), 2u);
  EXPECT_EQ(told_[0].source, bad.id);
  EXPECT_NE(told_[0].problem, "");
  ASSERT_EQ(copies().size(), 1u);
  EXPECT_EQ(copies()[0].paths, good.paths);
  EXPECT_TRUE(check_all(*to_).ok());
}

TEST_F(CopyTest, ADamagedManifestIsToldAndTheOthersAreCopied) {
  make_dir(dir_ / "n");
  write_file(dir_ / "n/file", random_text(300'000, 1));
  const Snapshot bad = back_up(dir_ / "n").snapshot;
  const Snapshot good = back_up(dir_ / "n").snapshot;
  world_.memory.objects().at("snapshots/" + bad.id).back() ^= std::byte{1};
  reopen();
  const CopyResult result = copy();

  EXPECT_EQ(result.failed, 1u);
  EXPECT_EQ(result.copied, 1u);
  ASSERT_EQ(told_.size(), 2u);
  EXPECT_EQ(told_[0].source, bad.id);
  EXPECT_NE(told_[0].problem, "");
  EXPECT_EQ(told_[1].source, good.id);
  EXPECT_EQ(copy({good.id}).failed, 0u) << "it is not asked for";
}

TEST_F(CopyTest, ACopyWhoseManifestIsDamagedIsMadeAgain) {
  make_dir(dir_ / "n");
  write_file(dir_ / "n/file", random_text(300'000, 1));
  back_up(dir_ / "n");
  copy();
  other_.objects().at("snapshots/" + copies()[0].id).back() ^= std::byte{1};
  open_destination();

  EXPECT_EQ(copy().copied, 1u);
  EXPECT_EQ(copies().size(), 1u);
}

TEST_F(CopyTest, AFailureAtAnyCallLeavesNoHalfCopy) {
  make_dir(dir_ / "n");
  write_file(dir_ / "n/file", random_text(100'000, 1));
  back_up(dir_ / "n");
  bool done = false;
  for (std::size_t nth = 0; !done; ++nth) {
    open_destination();
    other_.reset_calls();
    other_.fail_call(nth);
    const auto kind = kind_of([&] { copy(); });
    done = other_.calls() <= nth;
    other_.fail_never();
    open_destination();
    EXPECT_EQ(kind.has_value(), !done) << nth;
    ASSERT_EQ(copies().size(), done ? 1u : 0u) << nth;
  }
  EXPECT_TRUE(check_all(*to_).ok());
}

TEST_F(CopyTest, ItselfIsRefused) {
  std::unique_ptr<Repository> same = net::run(open_raw(world_.memory, world_.environment()));
  Progress progress;
  EXPECT_EQ(kind_of([&] {
              net::run(copy_snapshots(*repository_, *same, {}, {}, progress, [](const CopiedSnapshot&) {}));
            }),
            ErrorKind::Invalid);
}

TEST(CopiedBlobs, ForgetRatherThanGrow) {
  CopiedBlobs blobs(2);
  BlobId id;
  for (int i = 1; i <= 3; ++i) {
    id.bytes[0] = static_cast<std::byte>(i);
    blobs.insert(id, id);
    ASSERT_NE(blobs.find(id), nullptr);
  }
  id.bytes[0] = std::byte{1};
  EXPECT_EQ(blobs.find(id), nullptr);
}

}  // namespace
}  // namespace stash::engine::test
