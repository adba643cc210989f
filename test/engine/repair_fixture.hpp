#pragma once

#include <gtest/gtest.h>

#include "engine/format/pack.hpp"
#include "engine/snapshot_fixture.hpp"
#include "stash/engine/repair.hpp"

namespace stash::engine::test {

/// A repository with a few snapshots to damage.
struct RepairTest : ::testing::Test {
  RepairTest() {
    net::run(init_raw(world.memory, world.environment()));
    for (unsigned i = 0; i < 3; ++i) {
      files.push_back(some_files(6, i, 70'000));
      snapshots.push_back(back_up(files.back()));
    }
  }

  std::unique_ptr<Repository> open() { return net::run(open_raw(world.memory, world.environment())); }
  Snapshot back_up(const Files& wanted) { return net::run(make_snapshot(*open(), wanted)); }
  void forget(const Snapshot& snapshot) { net::run(open()->impl().remove_snapshot(snapshot.id)); }
  PruneResult prune_now() { return net::run(prune(*open(), at_once())); }

  RepairPacksResult repair_all_packs(bool dry_run = false) {
    RepairPacksOptions options;
    options.dry_run = dry_run;
    return repair_some_packs(std::move(options));
  }
  RepairPacksResult repair_some_packs(RepairPacksOptions options) {
    Progress progress;
    return net::run(repair_packs(*open(), std::move(options), progress));
  }
  RepairSnapshotsResult repair_all_snapshots(bool forget_damaged = false, bool dry_run = false) {
    RepairSnapshotsOptions options;
    options.forget = forget_damaged;
    options.dry_run = dry_run;
    Progress progress;
    return net::run(repair_snapshots(*open(), std::move(options), progress));
  }

  /// Names of the packs of a kind.
  std::vector<std::string> packs(BlobKind kind) {
    std::vector<std::string> found;
    for (const std::string& name : world.names("packs/"))
      if (pack_kind(ByteView(world.memory.objects()[name]).first(kHeaderSize), *parse_pack_name(name)) ==
          kind)
        found.push_back(name);
    return found;
  }
  /// How many blobs the index knows in a pack.
  std::uint64_t blobs_in(const std::string& pack) {
    const auto repository = open();
    net::run(repository->impl().load_index(Index::Scope::Places));
    const Index& index = repository->impl().index();
    std::uint64_t count = 0;
    for (const BlobKind kind : {BlobKind::Data, BlobKind::Tree})
      for (const Index::Row& row : index.rows(kind))
        if (pack_name(index.packs()[row.place.pack].id) == pack) ++count;
    return count;
  }
  void flip(const std::string& name, std::size_t at) { world.memory.objects()[name].at(at) ^= std::byte{1}; }

  Files read(const std::string& id) { return net::run(read_snapshot(*open(), id)); }
  void expect_sound() {
    const CheckResult result = check_all(*open());
    EXPECT_TRUE(result.ok()) << result.errors.front();
  }
  /// How many of the fixture's snapshots restore as they were.
  std::size_t whole() {
    std::size_t count = 0;
    for (std::size_t i = 0; i < snapshots.size(); ++i) {
      try {
        if (read(snapshots[i].id) == files[i]) ++count;
      } catch (const Error& e) {
        EXPECT_EQ(e.kind(), ErrorKind::Corrupt) << e.what();
      }
    }
    return count;
  }

  World world;
  std::vector<Files> files;
  std::vector<Snapshot> snapshots;
};

}  // namespace stash::engine::test
