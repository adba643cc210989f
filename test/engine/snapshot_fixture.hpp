#pragma once

#include <map>
#include <string>

#include "engine/engine_fixture.hpp"
#include "engine/snapshot/commit.hpp"
#include "stash/engine/check.hpp"
#include "stash/engine/forget.hpp"

namespace stash::engine::test {

/// Path -> content of a small made-up snapshot.
using Files = std::map<std::string, Bytes>;

/// Ends a tree and commits it as a snapshot of `path`.
inline Task<void> commit_tree(BlobWriter& writer, Repository::Impl& repository, TreeWriter& tree,
                              std::string path, Snapshot& made) {
  const TreeRef root = co_await tree.finish();
  Manifest manifest;
  manifest.root = root.blob.id;
  manifest.entries = root.entries;
  manifest.snapshot.start = repository.environment.timers.now();
  manifest.snapshot.end = manifest.snapshot.start;
  manifest.snapshot.host = "host-0";
  manifest.snapshot.paths = {std::move(path)};
  manifest.snapshot.program = "test";
  const Manifest committed = co_await commit(repository, writer, std::move(manifest));
  made = committed.snapshot;
}

inline Task<void> write_files(BlobWriter& writer, Repository::Impl& repository, const Files& files,
                              Snapshot& made) {
  TreeWriter tree(writer, repository.tree_seed);
  for (const auto& [path, content] : files) {
    std::vector<BlobRef> refs;
    if (!content.empty()) refs.push_back(co_await writer.add(BlobKind::Data, content));
    const bool full = tree.add(file_entry(path, std::move(refs)));
    if (full) co_await tree.flush();
  }
  co_await commit_tree(writer, repository, tree, "/data", made);
}

/// Backs up `files` and gives the snapshot.
inline Task<Snapshot> make_snapshot(Repository& repository, Files files) {
  Repository::Impl& impl = repository.impl();
  co_await impl.load_index(Index::Scope::Members);
  Snapshot made;
  Progress progress;
  co_await write_session(impl, progress,
                         [&](BlobWriter& writer) { return write_files(writer, impl, files, made); });
  co_return made;
}

/// Everything a snapshot restores to, ids computed again.
inline Task<Files> read_snapshot(Repository& repository, std::string id) {
  Repository::Impl& impl = repository.impl();
  co_await impl.load_index(Index::Scope::Places);
  const Manifest manifest = co_await impl.manifest(std::move(id));
  BlobReader blobs(impl);
  TreeReader tree(blobs, manifest.root);
  Files files;
  for (;;) {
    const auto entry = co_await tree.next();
    if (!entry) break;
    Bytes content;
    ContentReader refs(blobs, *entry);
    for (;;) {
      const auto ref = co_await refs.next();
      if (!ref) break;
      append(content, co_await blobs.read(BlobKind::Data, ref->id, true));
    }
    files.emplace(entry->path, std::move(content));
  }
  co_return files;
}

/// `count` files of different sizes; `salt` makes others.
inline Files some_files(unsigned count, unsigned salt, std::size_t size = 30'000) {
  Files files;
  for (unsigned i = 0; i < count; ++i) {
    const unsigned seed = salt * 1000 + i;
    files[fmt::format("/data/{:04}", seed)] =
        i % 3 == 0 ? dull_bytes(size + i * 7, seed) : random_bytes(size + i * 11, seed);
  }
  return files;
}

inline CheckResult check_all(Repository& repository) {
  CheckOptions options;
  options.read_data = true;
  Progress progress;
  return net::run(check(repository, options, progress));
}

inline PruneOptions at_once() {
  PruneOptions options;
  options.grace = Duration::zero();
  options.young = Duration::zero();
  options.max_unused = 0;
  return options;
}

}  // namespace stash::engine::test
