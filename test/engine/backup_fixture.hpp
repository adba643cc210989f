#pragma once

#include <gtest/gtest.h>

#include "engine/backup/backup_impl.hpp"
#include "engine_fixture.hpp"
#include "stash/engine/backup.hpp"
#include "stash/engine/restore.hpp"
#include "support/nasty_tree.hpp"
#include "support/temp_dir.hpp"
#include "support/tree_compare.hpp"

namespace stash::engine::test {

using stash::test::make_dir;
using stash::test::make_nasty_tree;
using stash::test::random_text;
using stash::test::TempDir;
using stash::test::tree_differences;
using stash::test::write_file;

/// A repository in memory, a directory to play in, and a clock far behind every file made here, so that none
/// is racy.
class BackupTest : public ::testing::Test {
 protected:
  BackupTest() {
    world_.timers.advance(std::chrono::hours(24 * 365 * 10));
    net::run(init_raw(world_.memory, world_.environment()));
    reopen();
  }

  void reopen() { repository_ = net::run(open_raw(world_.memory, world_.environment())); }

  BackupOptions options(std::vector<std::string> paths) {
    BackupOptions options;
    options.paths = std::move(paths);
    options.host = "host-0";
    return options;
  }

  BackupResult back_up(BackupOptions options) {
    world_.timers.advance(std::chrono::seconds(10));
    Progress progress;
    return net::run(backup(*repository_, std::move(options), progress));
  }
  BackupResult back_up(std::string path) { return back_up(options({std::move(path)})); }

  BackupResult back_up(BackupOptions options, FileTree& tree) {
    world_.timers.advance(std::chrono::seconds(10));
    Progress progress;
    return net::run(backup_tree(*repository_, std::move(options), progress, tree));
  }

  RestoreResult restore_to(const Snapshot& snapshot, RestoreOptions options) {
    Progress progress;
    return net::run(restore(*repository_, snapshot, std::move(options), progress));
  }
  RestoreResult restore_to(const Snapshot& snapshot, const std::string& target) {
    RestoreOptions options;
    options.target = target;
    return restore_to(snapshot, std::move(options));
  }

  Manifest manifest_of(const Snapshot& snapshot) {
    return net::run(repository_->impl().manifest(snapshot.id));
  }

  std::vector<Entry> entries_of(const Snapshot& snapshot) { return net::run(read_entries(snapshot.id)); }

  Entry entry_of(const Snapshot& snapshot, const std::string& path) {
    for (Entry& entry : entries_of(snapshot))
      if (entry.path == path) return entry;
    throw std::runtime_error("no entry " + path);
  }

  std::size_t snapshots() { return net::run(repository_->snapshots(SnapshotFilter())).size(); }

  World world_;
  std::unique_ptr<Repository> repository_;
  TempDir dir_;

 private:
  Task<std::vector<Entry>> read_entries(std::string id) {
    Repository::Impl& impl = repository_->impl();
    co_await impl.load_index(Index::Scope::Places);
    const Manifest manifest = co_await impl.manifest(id);
    BlobReader blobs(impl);
    TreeReader tree(blobs, manifest.root);
    std::vector<Entry> entries;
    for (;;) {
      std::optional<Entry> entry = co_await tree.next();
      if (!entry) break;
      entries.push_back(std::move(*entry));
    }
    co_return entries;
  }
};

/// One line a difference, for assertions.
inline std::string lines(const std::vector<std::string>& found) {
  std::string text;
  for (const std::string& line : found) text += line + "\n";
  return text;
}

}  // namespace stash::engine::test
