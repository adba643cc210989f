#include "engine/repair_fixture.hpp"
#include "engine/snapshot/commit.hpp"

namespace stash::engine {
namespace {

struct RepairSnapshots : test::RepairTest {
  /// A snapshot with a file of three blobs, one of 70 kB in the middle of which is then lost.
  Task<void> write_long(BlobWriter& writer, Repository::Impl& impl, Manifest& made) {
    std::vector<BlobRef> refs;
    for (std::uint64_t i = 0; i < 3; ++i) {
      parts.push_back(test::random_bytes(70'000 + i, 900 + i));
      const BlobRef ref = co_await writer.add(BlobKind::Data, parts.back());
      refs.push_back(ref);
    }
    const BlobRef other = co_await writer.add(BlobKind::Data, test::random_bytes(80'000, 950));
    TreeWriter tree(writer, impl.tree_seed);
    const Entry long_file = test::file_entry("/data/long", refs);
    const Entry other_file = test::file_entry("/data/other", {other});
    for (const Entry* entry : {&long_file, &other_file}) {
      const bool full = tree.add(*entry);
      if (full) co_await tree.flush();
    }
    const TreeRef root = co_await tree.finish();
    Manifest manifest;
    manifest.root = root.blob.id;
    manifest.entries = root.entries;
    manifest.previous = snapshots.back().id;
    manifest.snapshot.parent = snapshots.back().id;
    manifest.snapshot.host = "host-0";
    manifest.snapshot.paths = {"/data"};
    manifest.snapshot.tags = {"nightly"};
    manifest.snapshot.counts.files_new = 2;
    made = co_await commit(impl, writer, std::move(manifest));
  }
  Manifest back_up_long() {
    const auto repository = open();
    Repository::Impl& impl = repository->impl();
    net::run(impl.load_index(Index::Scope::Members));
    Manifest made;
    Progress progress;
    net::run(write_session(impl, progress, [&](BlobWriter& w) { return write_long(w, impl, made); }));
    return made;
  }
  Task<std::vector<Entry>> entries_of(Repository::Impl& impl, std::string id) {
    co_await impl.load_index(Index::Scope::Places);
    const Manifest manifest = co_await impl.manifest(std::move(id));
    BlobReader blobs(impl);
    TreeReader tree(blobs, manifest.root);
    std::vector<Entry> entries;
    for (;;) {
      auto entry = co_await tree.next();
      if (!entry) co_return entries;
      entries.push_back(std::move(*entry));
    }
  }
  /// Flips a bit of the frame that holds a blob.
  void damage_blob(BlobKind kind, const BlobId& id) {
    const auto repository = open();
    net::run(repository->impl().load_index(Index::Scope::Places));
    for (const BlobPlace& place : repository->impl().index().find(kind, key_of(id)))
      flip(pack_name(place.frame.pack), place.frame.offset + 3);
  }
  BlobId id_of(const Bytes& content) { return open()->impl().keys.id_of(BlobKind::Data, content); }

  std::vector<Bytes> parts;
};

TEST_F(RepairSnapshots, LeaveWholeOnesAlone) {
  const auto before = world.memory.objects();
  const RepairSnapshotsResult result = repair_all_snapshots();

  EXPECT_EQ(result.checked, 3u);
  EXPECT_TRUE(result.damaged.empty());
  EXPECT_TRUE(result.problems.empty());
  EXPECT_EQ(world.memory.objects(), before);
}

TEST_F(RepairSnapshots, KeepOfADamagedFileWhatIsLeftInItsPlace) {
  const Manifest before = back_up_long();
  damage_blob(BlobKind::Data, id_of(parts[1]));
  EXPECT_EQ(repair_all_packs().blobs_lost, 1u);
  const RepairSnapshotsResult result = repair_all_snapshots();
  ASSERT_EQ(result.damaged.size(), 1u);
  EXPECT_EQ(result.damaged[0].before, before.snapshot.id);
  EXPECT_EQ(result.damaged[0].files_damaged, 1u);
  EXPECT_EQ(result.damaged[0].entries_lost, 0u);

  const auto repository = open();
  const Manifest after = net::run(repository->impl().manifest(result.damaged[0].after));
  EXPECT_FALSE(after.snapshot.complete);
  EXPECT_EQ(after.original, before.snapshot.id);
  EXPECT_EQ(after.previous, before.previous);
  EXPECT_EQ(after.snapshot.parent, before.snapshot.parent);
  EXPECT_EQ(after.snapshot.tags, before.snapshot.tags);
  EXPECT_EQ(after.snapshot.errors, 1u);
  ASSERT_EQ(after.snapshot.first_errors.size(), 1u);
  EXPECT_EQ(after.snapshot.first_errors[0].path, "/data/long");
  const std::vector<Entry> entries = net::run(entries_of(repository->impl(), after.snapshot.id));
  ASSERT_EQ(entries.size(), 2u);
  EXPECT_TRUE(entries[0].unreadable);
  EXPECT_EQ(entries[0].size, 210'003u);
  EXPECT_EQ(entries[0].extents, (std::vector<Extent>{{0, 70'000}, {140'001, 70'002}}));
  EXPECT_FALSE(entries[1].unreadable);
  Bytes left = parts[0];
  left.insert(left.end(), parts[2].begin(), parts[2].end());
  EXPECT_EQ(read(after.snapshot.id).at("/data/long"), left);
  EXPECT_EQ(net::run(repository->impl().manifest(before.snapshot.id)).root, before.root) << "it stays";
}

TEST_F(RepairSnapshots, ASecondRunMakesNoSecondSnapshotAndForgetsTheDamagedOneOnRequest) {
  const Manifest before = back_up_long();
  damage_blob(BlobKind::Data, id_of(parts[1]));
  repair_all_packs();
  const std::string after = repair_all_snapshots().damaged.at(0).after;
  const RepairSnapshotsResult again = repair_all_snapshots(true);

  EXPECT_EQ(again.damaged.at(0).after, after);
  EXPECT_EQ(world.names("snapshots/").size(), 4u);
  EXPECT_EQ(world.memory.objects().count("snapshots/" + before.snapshot.id), 0u);
  EXPECT_TRUE(repair_all_snapshots().damaged.empty());
  prune_now();
  expect_sound();
  EXPECT_EQ(whole(), 3u);
}

TEST_F(RepairSnapshots, AnEarlierOneThatLacksMoreThanIsLostTodayIsNotUsedAgain) {
  const Manifest before = back_up_long();
  damage_blob(BlobKind::Data, id_of(parts[0]));
  damage_blob(BlobKind::Data, id_of(parts[1]));
  EXPECT_EQ(repair_all_packs().blobs_lost, 2u);
  const std::string poorer = repair_all_snapshots().damaged.at(0).after;
  EXPECT_EQ(read(poorer).at("/data/long"), parts[2]);
  back_up({{"/data/again", parts[0]}});
  const RepairSnapshotsResult result = repair_all_snapshots(true);

  ASSERT_EQ(result.damaged.size(), 1u);
  EXPECT_EQ(result.damaged[0].before, before.snapshot.id);
  Bytes left = parts[0];
  left.insert(left.end(), parts[2].begin(), parts[2].end());
  EXPECT_EQ(read(result.damaged[0].after).at("/data/long"), left);
  EXPECT_EQ(world.memory.objects().count("snapshots/" + before.snapshot.id), 0u);
}

TEST_F(RepairSnapshots, ADamagedLeafLosesItsEntriesOnly) {
  // Long paths, so that the tree has many leaves.
  test::Files many;
  for (unsigned i = 0; i < 20'000; ++i)
    many[fmt::format("/data/{}/{:05}", std::string(100, 'p'), i)] = Bytes();
  const Snapshot big = back_up(many);
  const auto repository = open();
  Repository::Impl& impl = repository->impl();
  net::run(impl.load_index(Index::Scope::Places));
  const Manifest manifest = net::run(impl.manifest(big.id));
  BlobReader reader(impl);
  const auto children = decode_node(net::run(reader.read(BlobKind::Tree, manifest.root)));
  // One in a frame of its own.
  const auto lost = std::ranges::find_if(std::next(children.begin()), children.end(),
                                         [](const TreeRef& leaf) { return leaf.blob.size >= kGroupBelow; });
  ASSERT_NE(lost, children.end());
  damage_blob(BlobKind::Tree, lost->blob.id);
  EXPECT_EQ(repair_all_packs().blobs_lost, 1u);
  const RepairSnapshotsResult result = repair_all_snapshots();

  ASSERT_EQ(result.damaged.size(), 1u);
  const RepairedSnapshot& one = result.damaged[0];
  EXPECT_EQ(one.entries_lost, lost->entries);
  ASSERT_EQ(one.problems.size(), 1u);
  EXPECT_EQ(one.problems[0].path, lost->first);
  EXPECT_EQ(read(one.after).size() + one.entries_lost, many.size());
  EXPECT_EQ(read(one.after).count(lost->first), 0u);
}

TEST_F(RepairSnapshots, OfATreeWithoutARootNothingIsWritten) {
  const auto repository = open();
  const Manifest manifest = net::run(repository->impl().manifest(snapshots[0].id));
  damage_blob(BlobKind::Tree, manifest.root);
  const RepairSnapshotsResult result = repair_all_snapshots(true);

  ASSERT_EQ(result.damaged.size(), 1u);
  EXPECT_EQ(result.damaged[0].after, "");
  EXPECT_EQ(result.damaged[0].entries_lost, manifest.entries);
  EXPECT_EQ(world.names("snapshots/").size(), 3u) << "what cannot be replaced is not forgotten either";
}

TEST_F(RepairSnapshots, ManifestsThatCannotBeOpenedAreTold) {
  flip("snapshots/" + snapshots[1].id, 40);
  const RepairSnapshotsResult result = repair_all_snapshots();

  EXPECT_EQ(result.checked, 2u);
  ASSERT_EQ(result.problems.size(), 1u);
  EXPECT_NE(result.problems[0].find(snapshots[1].id), std::string::npos);
}

TEST_F(RepairSnapshots, ADryRunChangesNothing) {
  back_up_long();
  damage_blob(BlobKind::Data, id_of(parts[1]));
  repair_all_packs();
  const auto before = world.memory.objects();
  const RepairSnapshotsResult result = repair_all_snapshots(true, true);

  EXPECT_EQ(result.damaged.size(), 1u);
  EXPECT_EQ(world.memory.objects(), before);
}

TEST_F(RepairSnapshots, EndedAtAnyCallHaveLostNothing) {
  const Manifest damaged = back_up_long();
  damage_blob(BlobKind::Data, id_of(parts[1]));
  repair_all_packs();
  const auto start = world.memory.objects();
  std::size_t n = 0;
  for (bool failed = true; failed; ++n) {
    world.memory.objects() = start;
    const auto repository = open();
    world.memory.reset_calls();
    world.memory.die_at(n);
    Progress progress;
    RepairSnapshotsOptions options;
    options.forget = true;
    failed = test::kind_of([&] { net::run(repair_snapshots(*repository, options, progress)); }).has_value();
    world.memory.revive();
    world.memory.cut_power();
    repair_all_snapshots(true);
    EXPECT_EQ(whole(), 3u) << "call " << n;
    EXPECT_EQ(world.memory.objects().count("snapshots/" + damaged.snapshot.id), 0u);
    prune_now();
    EXPECT_EQ(whole(), 3u) << "call " << n;
    expect_sound();
  }
  EXPECT_GT(n, 15u);
}

}  // namespace
}  // namespace stash::engine
