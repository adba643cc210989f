#include "stash/engine/backup.hpp"

#include <algorithm>
#include <memory>
#include <optional>
#include <set>

#include "engine/backup/backup_impl.hpp"
#include "engine/backup/backup_pipeline.hpp"
#include "engine/backup/walker.hpp"
#include "engine/repository/repository_impl.hpp"
#include "engine/snapshot/commit.hpp"
#include "stash/base/error.hpp"

namespace stash::engine {
namespace {

/// The newest complete snapshot of the same host and paths, and the newest of any state.
struct Ancestors {
  std::optional<Manifest> parent;
  std::string previous;
};

Task<Ancestors> find_ancestors(Repository& repository, const BackupOptions& options) {
  Ancestors found;
  std::vector<Manifest> manifests = co_await repository.impl().manifests(pass_over);
  // By their time: one that was repaired or tagged has a newer name.
  std::ranges::stable_sort(manifests, {}, [](const Manifest& m) { return m.snapshot.start; });
  std::set<std::string> repaired;
  for (const Manifest& manifest : manifests) repaired.insert(manifest.original);
  for (Manifest& manifest : manifests) {
    const Snapshot& snapshot = manifest.snapshot;
    if (snapshot.host != options.host || snapshot.paths != options.paths) continue;
    found.previous = snapshot.id;
    if (snapshot.complete && !repaired.contains(snapshot.id)) found.parent = std::move(manifest);
  }
  if (!options.parent.empty()) {
    const Snapshot chosen = co_await repository.find_snapshot(options.parent, SnapshotFilter());
    found.parent = co_await repository.impl().manifest(chosen.id);
  }
  co_return found;
}

Manifest describe(const BackupOptions& options, const Ancestors& ancestors, TimePoint start) {
  Manifest manifest;
  manifest.previous = ancestors.previous;
  Snapshot& snapshot = manifest.snapshot;
  snapshot.start = start;
  snapshot.host = options.host;
  snapshot.paths = options.paths;
  snapshot.tags = options.tags;
  snapshot.excludes = options.excludes;
  snapshot.excludes.insert(snapshot.excludes.end(), options.iexcludes.begin(), options.iexcludes.end());
  snapshot.source = options.source;
  if (ancestors.parent) snapshot.parent = ancestors.parent->snapshot.id;
  snapshot.program = "stash " STASH_VERSION;
  return manifest;
}

WalkOptions walk_options(const BackupOptions& options) {
  WalkOptions walk;
  walk.paths = options.paths;
  walk.selection = Selection({}, {}, options.excludes, options.iexcludes);
  walk.one_file_system = options.one_file_system;
  walk.exclude_caches = options.exclude_caches;
  walk.allow_empty = options.allow_empty;
  return walk;
}

void put_counts(const Walker& walker, const PipelineResult& counted, Snapshot& snapshot) {
  snapshot.counts = counted.counts;
  snapshot.vanished = walker.vanished() + counted.vanished;
  snapshot.errors = counted.errors;
  snapshot.first_errors = counted.first_errors;
  snapshot.complete = counted.errors == 0;
}

/// Three independent counts of one backup: of the walk, of the pipeline and of the tree.
void compare_counts(const Walker& walker, const PipelineResult& counted, const TreeRef& root) {
  const std::uint64_t walked = walker.entries() - counted.vanished;
  if (walked != root.entries || counted.counts.entries() != root.entries ||
      counted.counts.bytes != root.bytes)
    throw Error(ErrorKind::Internal,
                "the walk met {} entries, {} were counted with {} bytes, but the tree has {} with {} bytes: "
                "no snapshot is made",
                walked, counted.counts.entries(), counted.counts.bytes, root.entries, root.bytes);
}

/// Share of the memory budget for what jobs read ahead; the rest belongs to packs and the index.
constexpr std::uint64_t kBufferShare = 6;

std::uint64_t buffer_budget(const Environment& environment) {
  return std::max<std::uint64_t>(environment.memory_budget / kBufferShare, 2 * kReadWindow);
}

void commit_to(BackupResult& result, const Manifest& committed, const Manifest& meant) {
  if (committed.entries != meant.entries || committed.root != meant.root)
    throw Error(ErrorKind::Internal, "snapshot {} does not read back as it was written",
                committed.snapshot.id);
  result.snapshot = committed.snapshot;
}

/// Everything of a backup between opening and closing the writer.
class Session {
 public:
  Session(Repository& repository, BackupOptions options, Progress& progress, FileTree& tree)
      : repository_(repository),
        impl_(repository.impl()),
        options_(std::move(options)),
        progress_(progress),
        tree_(tree) {}

  Task<BackupResult> run() {
    const auto& timers = impl_.environment.timers;
    const auto began = timers.steady();
    start_ = timers.now();
    co_await impl_.load_index(Index::Scope::Members);
    ancestors_ = co_await find_ancestors(repository_, options_);
    expect_as_before();
    BackupResult result;
    if (options_.dry_run)
      co_await count_only(result);
    else
      co_await store(result);
    result.duration = timers.steady() - began;
    progress_.files_total = result.snapshot.counts.files();
    progress_.bytes_total = result.snapshot.counts.bytes;
    progress_.bytes_done = result.snapshot.counts.bytes;
    co_return result;
  }

 private:
  void expect_as_before() {
    if (!ancestors_.parent) return;
    progress_.files_total = ancestors_.parent->snapshot.counts.files();
    progress_.bytes_total = ancestors_.parent->snapshot.counts.bytes;
  }

  ParentStream parent_stream(BlobReader& reader) const {
    if (!ancestors_.parent) return ParentStream();
    return ParentStream(std::make_unique<TreeReader>(reader, ancestors_.parent->root));
  }

  PipelineOptions pipeline_options() const {
    PipelineOptions options;
    options.rule = {options_.force, options_.ignore_inode, options_.ignore_ctime};
    options.start = start_;
    options.with_atime = options_.with_atime;
    return options;
  }

  Task<void> count_only(BackupResult& result) {
    BlobReader reader(impl_);
    ParentStream parent = parent_stream(reader);
    Walker walker(tree_, walk_options(options_));
    BackupPipeline pipeline(impl_, walker, parent, nullptr, nullptr, progress_, pipeline_options());
    co_await pipeline.run();
    result.snapshot = describe(options_, ancestors_, start_).snapshot;
    result.snapshot.end = impl_.environment.timers.now();
    put_counts(walker, pipeline.result(), result.snapshot);
  }

  Task<void> store(BackupResult& result) {
    BlobWriter blobs(impl_, progress_);
    co_await then_abandon(blobs, store_with(blobs, result));
  }

  Task<void> store_with(BlobWriter& blobs, BackupResult& result) {
    BlobReader reader(impl_);
    ParentStream parent = parent_stream(reader);
    Walker walker(tree_, walk_options(options_));
    Budget buffers(buffer_budget(impl_.environment));
    FileJobContext jobs{blobs, impl_.chunker, impl_.environment.pool, buffers, progress_};
    TreeWriter tree(blobs, impl_.tree_seed);
    BackupPipeline pipeline(impl_, walker, parent, &jobs, &tree, progress_, pipeline_options());
    co_await pipeline.run();
    const TreeRef root = co_await tree.finish();
    compare_counts(walker, pipeline.result(), root);

    co_await blobs.flush();
    Manifest manifest = describe(options_, ancestors_, start_);
    manifest.root = root.blob.id;
    manifest.entries = root.entries;
    put_counts(walker, pipeline.result(), manifest.snapshot);
    manifest.snapshot.end = impl_.environment.timers.now();
    const Manifest committed = co_await commit(impl_, blobs, manifest);
    commit_to(result, committed, manifest);
    result.blobs_new = blobs.blobs_new();
    result.changed_while_read = pipeline.result().changed_while_read;
    result.first_changed = pipeline.result().first_changed;
  }

  Repository& repository_;
  Repository::Impl& impl_;
  BackupOptions options_;
  Progress& progress_;
  FileTree& tree_;
  TimePoint start_;
  Ancestors ancestors_;
};

}  // namespace

Task<BackupResult> backup_tree(Repository& repository, BackupOptions options, Progress& progress,
                               FileTree& tree) {
  options.paths = normalise_paths(options.paths);
  Session session(repository, std::move(options), progress, tree);
  BackupResult result = co_await session.run();
  co_return result;
}

Task<BackupResult> backup(Repository& repository, BackupOptions options, Progress& progress) {
  LinuxTree tree;
  BackupResult result = co_await backup_tree(repository, std::move(options), progress, tree);
  co_return result;
}

}  // namespace stash::engine
