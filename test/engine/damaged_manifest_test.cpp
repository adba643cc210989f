// A snapshot whose manifest cannot be read stands in the way of those only who delete what no snapshot needs.

#include "engine/backup_fixture.hpp"
#include "engine/snapshot_fixture.hpp"
#include "stash/base/log.hpp"
#include "stash/engine/recover.hpp"

namespace stash::engine::test {
namespace {

constexpr std::size_t kVersionByte = 4;
constexpr std::size_t kSealedByte = 40;

/// Three snapshots, of which the newest is damaged. Parameter: which byte of its manifest.
class DamagedManifest : public BackupTest, public ::testing::WithParamInterface<std::size_t> {
 protected:
  DamagedManifest() {
    make_dir(dir_ / "n");
    for (unsigned i = 0; i < 3; ++i) {
      write_file(dir_ / "n/file", random_text(100'000, i));
      made_.push_back(back_up(dir_ / "n").snapshot);
    }
    world_.memory.objects().at(object()).at(GetParam()) ^= std::byte{1};
    reopen();
    log::set_level(log::Level::Info);  // what other tests of this process left
    log::set_sink([this](std::string_view line) { logged_ += line; });
  }
  ~DamagedManifest() override { log::set_sink(nullptr); }

  const std::string& id() const { return made_[2].id; }
  std::string object() const { return "snapshots/" + id(); }
  static ErrorKind kind() { return GetParam() == kVersionByte ? ErrorKind::Unsupported : ErrorKind::Corrupt; }
  Snapshot find(std::string named) { return net::run(repository_->find_snapshot(std::move(named), {})); }
  ForgetResult forget_some(std::vector<std::string> ids) {
    ForgetOptions options;
    options.ids = std::move(ids);
    return net::run(forget(*repository_, std::move(options)));
  }

  std::vector<Snapshot> made_;
  std::string logged_;
};

TEST_P(DamagedManifest, IsToldAndHidesNoOther) {
  EXPECT_EQ(snapshots(), 2u);
  EXPECT_NE(logged_.find("snapshot=" + id()), std::string::npos) << logged_;
  EXPECT_EQ(find("latest").id, made_[1].id);
  EXPECT_EQ(find(made_[0].id).id, made_[0].id);
  EXPECT_EQ(find(made_[1].short_id()).id, made_[1].id);
  EXPECT_EQ(kind_of([&] { find(id()); }), kind());
  EXPECT_EQ(kind_of([&] { find(made_[2].short_id()); }), kind());
}

TEST_P(DamagedManifest, OfAnotherSnapshotIsNotOpened) {
  EXPECT_EQ(find(made_[0].id).id, made_[0].id);
  EXPECT_EQ(logged_, "");
}

TEST_P(DamagedManifest, StopsNoBackupAndNoRestore) {
  const BackupResult result = back_up(dir_ / "n");
  EXPECT_EQ(result.snapshot.parent, made_[1].id);

  EXPECT_EQ(restore_to(find("latest"), dir_ / "out").errors, 0u);
  EXPECT_EQ(lines(tree_differences(dir_ / "n", dir_ / "out" + dir_ / "n")), "");
}

TEST_P(DamagedManifest, EndsAPruneThatNamesIt) {
  net::run(repository_->impl().remove_snapshot(made_[0].id));
  const auto before = world_.memory.objects();
  try {
    net::run(prune(*repository_, at_once()));
    ADD_FAILURE() << "what it needs may be gone";
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), kind());
    EXPECT_NE(std::string(e.what()).find(id()), std::string::npos) << e.what();
  }
  EXPECT_EQ(world_.memory.objects(), before);
}

TEST_P(DamagedManifest, IsForgottenByItsWholeIdOnly) {
  EXPECT_EQ(kind_of([&] { forget_some({made_[2].short_id()}); }), kind());
  EXPECT_TRUE(world_.memory.objects().contains(object()));
  const ForgetResult result = forget_some({id()});
  EXPECT_EQ(result.removed, 1u);
  EXPECT_EQ(result.kept, 2u);
  EXPECT_FALSE(world_.memory.objects().contains(object()));
  EXPECT_EQ(logged_, "") << "who forgets it knows";

  EXPECT_GT(net::run(prune(*repository_, at_once())).packs_deleted, 0u);
  reopen();
  EXPECT_TRUE(check_all(*repository_).ok());
}

TEST_P(DamagedManifest, IsPassedOverByAPolicy) {
  ForgetOptions options;
  options.policy.last = 1;
  const ForgetResult result = net::run(forget(*repository_, options));

  EXPECT_EQ(result.removed, 1u);
  EXPECT_TRUE(world_.memory.objects().contains(object()));
  EXPECT_TRUE(world_.memory.objects().contains("snapshots/" + made_[1].id)) << "it is the last one to read";
  EXPECT_NE(logged_.find(id()), std::string::npos);
}

TEST_P(DamagedManifest, LosesNoTree) {
  RecoverOptions options;
  options.ids = {"all"};
  Progress progress;
  const RecoverResult result = net::run(recover(*repository_, options, progress));
  ASSERT_EQ(result.snapshots.size(), 1u);
  forget_some({id()});
  net::run(prune(*repository_, at_once()));
  reopen();

  EXPECT_EQ(restore_to(find(result.snapshots[0].id), dir_ / "out").errors, 0u);
  EXPECT_EQ(lines(tree_differences(dir_ / "n", dir_ / "out" + dir_ / "n")), "");
}

INSTANTIATE_TEST_SUITE_P(Bytes, DamagedManifest, ::testing::Values(kVersionByte, kSealedByte));

}  // namespace
}  // namespace stash::engine::test
