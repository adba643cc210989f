// Stores that let nothing, or not everything, be deleted.

#include "engine/backup_fixture.hpp"
#include "engine/hooked_store.hpp"
#include "stash/engine/check.hpp"
#include "stash/engine/forget.hpp"
#include "stash/engine/retag.hpp"

namespace stash::engine::test {
namespace {

class AppendOnly : public BackupTest {
 protected:
  AppendOnly() : store_(world_.memory) {
    store_.on_call = [this](const std::string& call) {
      if (call.starts_with("remove ") && call.starts_with("remove " + refused_)) {
        ++refusals_;
        throw Error(ErrorKind::Denied, "{}: access denied", call);
      }
    };
    repository_ = net::run(open_raw(store_, world_.environment()));
  }
  ForgetResult forget_all_but_last(bool prunes) {
    ForgetOptions options;
    options.policy.last = 1;
    options.prune = prunes;
    return net::run(forget(*repository_, std::move(options)));
  }
  void expect_sound() {
    CheckOptions options;
    options.read_data = true;
    Progress progress;
    const CheckResult result = net::run(check(*repository_, options, progress));
    EXPECT_TRUE(result.ok()) << result.errors.front();
  }

  HookedStore store_;
  std::string refused_;  ///< names that begin so cannot be removed
  std::size_t refusals_ = 0;
};

TEST_F(AppendOnly, CredentialsAreEnoughForBackupsChecksAndRestores) {
  make_dir(dir_ / "src");
  for (unsigned i = 0; i < 20; ++i) write_file(dir_ / ("src/" + std::to_string(i)), random_text(50'000, i));
  const BackupResult first = back_up(dir_ / "src");
  write_file(dir_ / "src/3", random_text(60'000, 99));
  const BackupResult second = back_up(dir_ / "src");
  EXPECT_TRUE(first.snapshot.complete);
  EXPECT_TRUE(second.snapshot.complete);
  restore_to(second.snapshot, dir_ / "out");

  EXPECT_EQ(lines(tree_differences(dir_ / "src", (dir_ / "out") + (dir_ / "src"))), "");
  expect_sound();
  EXPECT_EQ(refusals_, 0u) << "a backup deletes nothing";
}

TEST_F(AppendOnly, ForgetTellsWhichSnapshotsTheStoreKeeps) {
  make_dir(dir_ / "src");
  for (unsigned i = 0; i < 3; ++i) {
    write_file(dir_ / "src/a", random_text(50'000, i));
    back_up(dir_ / "src");
  }
  const ForgetResult result = forget_all_but_last(false);

  EXPECT_EQ(result.kept, 1u);
  EXPECT_EQ(result.removed, 0u);
  EXPECT_EQ(result.refused.objects, 2u);
  EXPECT_NE(result.refused.first.find("access denied"), std::string::npos) << result.refused.first;
  EXPECT_EQ(snapshots(), 3u);
}

TEST_F(AppendOnly, PruneTellsWhatItCannotDeleteAndASecondOneLeavesNothingBehind) {
  make_dir(dir_ / "src");
  write_file(dir_ / "src/a", random_text(500'000, 1));
  back_up(dir_ / "src");
  write_file(dir_ / "src/a", random_text(500'000, 2));
  const BackupResult kept = back_up(dir_ / "src");
  refused_ = "packs/";
  EXPECT_EQ(forget_all_but_last(false).removed, 1u);
  const std::size_t packs = world_.names("packs/").size();
  refused_ = "";
  PruneOptions at_once;
  at_once.grace = at_once.young = Duration::zero();
  const PruneResult result = net::run(prune(*repository_, at_once));
  const auto before = world_.memory.objects();
  const PruneResult again = net::run(prune(*repository_, at_once));

  EXPECT_EQ(result.packs_deleted, 0u);
  EXPECT_EQ(result.bytes_freed, 0u);
  EXPECT_GT(result.refused.objects, 0u);
  EXPECT_GT(result.refused.bytes, 400'000u);
  EXPECT_GE(result.bytes_waiting, result.refused.bytes);
  EXPECT_NE(result.refused.first.find("packs/"), std::string::npos);
  EXPECT_EQ(world_.names("packs/").size(), packs);
  EXPECT_EQ(again.refused.bytes, result.refused.bytes);
  EXPECT_EQ(world_.memory.objects(), before) << "it would pile up";
  restore_to(kept.snapshot, dir_ / "out");
  expect_sound();
}

TEST_F(AppendOnly, TagsAreNotChangedWhereTheOldSnapshotsWouldStay) {
  make_dir(dir_ / "src");
  write_file(dir_ / "src/a", random_text(5'000, 1));
  back_up(dir_ / "src");
  const auto before = world_.memory.objects();
  TagChange change;
  change.add = {"monthly"};
  EXPECT_EQ(kind_of([&] { net::run(retag(*repository_, {}, {}, change)); }), ErrorKind::Denied);
  EXPECT_EQ(world_.memory.objects(), before);
}

TEST_F(AppendOnly, WhatIsLockedIsDeletedOnceItIsNot) {
  make_dir(dir_ / "src");
  write_file(dir_ / "src/a", random_text(500'000, 1));
  back_up(dir_ / "src");
  write_file(dir_ / "src/a", random_text(500'000, 2));
  back_up(dir_ / "src");
  refused_ = "packs/";
  forget_all_but_last(false);
  PruneOptions at_once;
  at_once.grace = at_once.young = Duration::zero();
  const PruneResult locked = net::run(prune(*repository_, at_once));
  refused_ = "nothing";
  const PruneResult free = net::run(prune(*repository_, at_once));

  EXPECT_GT(locked.refused.bytes, 0u);
  EXPECT_EQ(free.bytes_freed, locked.refused.bytes);
  EXPECT_EQ(free.refused.objects, 0u);
  EXPECT_EQ(free.bytes_waiting, 0u);
  expect_sound();
}

TEST_F(AppendOnly, ManySmallSegmentsAreNotMergedWhereTheOldOnesWouldStay) {
  make_dir(dir_ / "src");
  for (unsigned i = 0; i < 40; ++i) {
    write_file(dir_ / "src/a", random_text(300, i));
    back_up(dir_ / "src");
  }
  const auto before = world_.memory.objects();
  PruneOptions options;
  const PruneResult result = net::run(prune(*repository_, options));

  EXPECT_EQ(result.refused.objects, 1u);
  EXPECT_EQ(result.refused.bytes, 0u);
  EXPECT_EQ(world_.memory.objects(), before);
}

}  // namespace
}  // namespace stash::engine::test
