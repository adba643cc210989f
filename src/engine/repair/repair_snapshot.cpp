// A damaged snapshot is never changed: beside it comes a new one of all that can be read, committed as a
// backup's is, so that no collector deletes what it needs.

#include <algorithm>
#include <map>

#include "engine/blobs/blob_writer.hpp"
#include "engine/repair/rebuild.hpp"
#include "engine/snapshot/commit.hpp"
#include "stash/engine/repair.hpp"

namespace stash::engine {
namespace {

/// `earlier`, made of the same snapshot by an earlier run, serves when it has just what can be read today: a
/// backup may have healed some of what was lost then.
Task<void> write_rebuilt(Repository::Impl& repository, Rebuild& rebuild, BlobWriter& writer,
                         const Manifest& before, const Manifest* earlier, std::string& after) {
  const Rebuilt made = co_await rebuild.run(before.root, before.entries, &writer);
  if (earlier && earlier->root == made.root.blob.id) {
    after = earlier->snapshot.id;
    co_return;
  }
  Manifest manifest = describe_rebuilt(before, made);
  manifest.original = before.snapshot.id;
  manifest.snapshot.program = "stash " STASH_VERSION;
  const Manifest committed = co_await commit(repository, writer, std::move(manifest));
  after = committed.snapshot.id;
}

class SnapshotRepair {
 public:
  SnapshotRepair(Repository& repository, RepairSnapshotsOptions options, Progress& progress)
      : repository_(repository),
        impl_(repository.impl()),
        options_(std::move(options)),
        progress_(progress),
        rebuild_(impl_, impl_) {}

  Task<RepairSnapshotsResult> run();

 private:
  Task<std::vector<Manifest>> chosen();
  Task<void> repair(Manifest before);
  Task<std::string> write(const Manifest& before);
  Task<void> forget(std::string id);

  Repository& repository_;
  Repository::Impl& impl_;
  const RepairSnapshotsOptions options_;
  Progress& progress_;
  Rebuild rebuild_;
  std::map<std::string, Manifest> repaired_;  ///< by the id of what it was made of
  RepairSnapshotsResult result_;
};

Task<std::vector<Manifest>> SnapshotRepair::chosen() {
  const auto tell = [this](const std::string&, const Error& why) {
    result_.problems.emplace_back(why.what());
  };
  std::vector<Manifest> all = co_await impl_.manifests(tell);
  for (const Manifest& manifest : all)
    if (!manifest.original.empty()) repaired_[manifest.original] = manifest;
  if (options_.ids.empty()) co_return all;
  std::vector<Manifest> named;
  for (const std::string& id : options_.ids) {
    SnapshotFilter any;
    const Snapshot snapshot = co_await repository_.find_snapshot(id, std::move(any));
    const bool twice =
        std::ranges::any_of(named, [&](const Manifest& m) { return m.snapshot.id == snapshot.id; });
    if (twice) continue;
    Manifest manifest = co_await impl_.manifest(snapshot.id);
    named.push_back(std::move(manifest));
  }
  co_return named;
}

Task<std::string> SnapshotRepair::write(const Manifest& before) {
  std::string after;
  const auto found = repaired_.find(before.snapshot.id);
  const Manifest* earlier = found == repaired_.end() ? nullptr : &found->second;
  const auto known = co_await rebuild_.known_to_writer();
  Progress unseen;
  co_await write_session(
      impl_, unseen,
      [&](BlobWriter& writer) { return write_rebuilt(impl_, rebuild_, writer, before, earlier, after); },
      known);
  co_return after;
}

Task<void> SnapshotRepair::forget(std::string id) {
  try {
    co_await impl_.remove_snapshot(std::move(id));
  } catch (const Error& e) {
    if (e.kind() != ErrorKind::NotFound && e.kind() != ErrorKind::Denied) throw;
    if (e.kind() == ErrorKind::Denied) result_.problems.emplace_back(e.what());
  }
}

Task<void> SnapshotRepair::repair(Manifest before) {
  Rebuilt found = co_await rebuild_.run(before.root, before.entries, nullptr);
  ++result_.checked;
  if (found.whole()) co_return;
  RepairedSnapshot damaged;
  damaged.before = before.snapshot.id;
  damaged.entries_lost = found.entries_lost;
  damaged.files_damaged = found.files_damaged;
  damaged.problems = std::move(found.problems);
  const bool leaves_something = found.entries_lost < before.entries;
  if (!options_.dry_run && leaves_something) damaged.after = co_await write(before);
  progress_.errors.fetch_add(1, std::memory_order_relaxed);
  const bool goes = options_.forget && !options_.dry_run && !damaged.after.empty();
  if (goes) co_await forget(damaged.before);
  result_.damaged.push_back(std::move(damaged));
}

Task<RepairSnapshotsResult> SnapshotRepair::run() {
  if (!options_.dry_run) impl_.config.require_writable();
  // Snapshots before the index: it then knows all that they need.
  std::vector<Manifest> manifests = co_await chosen();
  co_await rebuild_.look();
  progress_.files_total = manifests.size();
  for (Manifest& manifest : manifests) {
    co_await repair(std::move(manifest));
    ++progress_.files_done;
  }
  co_return std::move(result_);
}

}  // namespace

Task<RepairSnapshotsResult> repair_snapshots(Repository& repository, RepairSnapshotsOptions options,
                                             Progress& progress) {
  SnapshotRepair repair(repository, std::move(options), progress);
  co_return co_await repair.run();
}

}  // namespace stash::engine
