#include "stash/engine/copy.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "engine/copy/snapshot_copier.hpp"
#include "engine/repository/repository_impl.hpp"
#include "engine/snapshot/commit.hpp"
#include "stash/base/error.hpp"

namespace stash::engine {
namespace {

/// The first snapshot of a line of copies and tags.
const std::string& original_of(const Manifest& manifest) {
  return manifest.copy_of.empty() ? manifest.snapshot.id : manifest.copy_of;
}

class Copy {
 public:
  Copy(Repository& from, Repository& to, Progress& progress, std::function<void(const CopiedSnapshot&)> visit)
      : source_(from), from_(from.impl()), to_(to.impl()), progress_(progress), visit_(std::move(visit)) {}

  Task<CopyResult> run(std::vector<std::string> ids, SnapshotFilter filter);

 private:
  Task<void> choose(std::vector<std::string> ids, SnapshotFilter filter);
  Task<void> find_copies();
  Task<void> copy(Manifest manifest);
  void fail(const std::string& id, const Error& why);
  Task<Manifest> commit_copy(const Manifest& manifest);
  Task<void> write(BlobWriter& writer, const Manifest& manifest, Manifest& made);
  Manifest describe(const Manifest& manifest, const TreeRef& root) const;
  void remember(const Manifest& manifest, const Manifest& copy);
  std::string copy_of(const std::string& id) const;

  Repository& source_;
  Repository::Impl& from_;
  Repository::Impl& to_;
  Progress& progress_;
  std::function<void(const CopiedSnapshot&)> visit_;
  std::vector<Manifest> all_;  ///< of the source, oldest first
  std::set<std::string> wanted_;
  std::map<std::string, Manifest> there_;      ///< in the destination, by what they are copies of
  std::map<std::string, std::string> copies_;  ///< id in the source -> id of its copy
  std::map<std::pair<std::string, std::vector<std::string>>, CopiedTree> newest_;  ///< by host and paths
  CopyResult result_;
};

Task<CopyResult> Copy::run(std::vector<std::string> ids, SnapshotFilter filter) {
  to_.config.require_writable();
  if (from_.config.id == to_.config.id)
    throw Error(ErrorKind::Invalid, "{} and {} are the same repository", from_.store.describe(),
                to_.store.describe());
  co_await to_.load_index(Index::Scope::Members);
  to_.loaded()->require_tombs();
  co_await choose(std::move(ids), std::move(filter));
  co_await find_copies();
  for (const Manifest& manifest : all_) {
    const std::string& id = manifest.snapshot.id;
    const auto there = there_.find(original_of(manifest));
    if (there != there_.end()) {
      remember(manifest, there->second);
      if (!wanted_.contains(id)) continue;
      ++result_.skipped;
      visit_({id, there->second.snapshot.id, true, ""});
    } else if (wanted_.contains(id)) {
      co_await copy(manifest);
    }
  }
  co_return result_;
}

Task<void> Copy::choose(std::vector<std::string> ids, SnapshotFilter filter) {
  for (const std::string& id : ids) {
    const Snapshot snapshot = co_await source_.find_snapshot(id, filter);
    wanted_.insert(snapshot.id);
  }
  const auto tell = [&](const std::string& id, const Error& why) {
    if (ids.empty())
      fail(id, why);
    else
      pass_over(id, why);
  };
  all_ = co_await from_.manifests(tell);
  std::ranges::stable_sort(all_, {}, [](const Manifest& m) { return m.snapshot.start; });
  if (!ids.empty()) co_return;
  for (const Manifest& manifest : all_)
    if (filter.matches(manifest.snapshot)) wanted_.insert(manifest.snapshot.id);
}

Task<void> Copy::find_copies() {
  std::vector<Manifest> manifests = co_await to_.manifests(pass_over);
  for (Manifest& manifest : manifests) {
    std::string original = original_of(manifest);
    there_.insert_or_assign(std::move(original), std::move(manifest));
  }
  for (const Manifest& manifest : all_)
    if (wanted_.contains(manifest.snapshot.id)) progress_.bytes_total += manifest.snapshot.counts.bytes;
}

Task<void> Copy::copy(Manifest manifest) {
  try {
    const Manifest made = co_await commit_copy(manifest);
    remember(manifest, made);
    ++result_.copied;
    result_.bytes_added += made.snapshot.bytes_added;
    result_.bytes_stored += made.snapshot.bytes_stored;
    visit_({manifest.snapshot.id, made.snapshot.id, false, ""});
  } catch (const Error& e) {
    if (e.kind() != ErrorKind::Corrupt) throw;
    fail(manifest.snapshot.id, e);
  }
}

void Copy::fail(const std::string& id, const Error& why) {
  ++result_.failed;
  ++progress_.errors;
  visit_({id, "", false, why.what()});
}

Task<Manifest> Copy::commit_copy(const Manifest& manifest) {
  co_await from_.load_index(Index::Scope::Places);
  co_await to_.load_index(Index::Scope::Members);
  Manifest made;
  co_await write_session(to_, progress_, [&](BlobWriter& writer) { return write(writer, manifest, made); });
  co_return made;
}

Task<void> Copy::write(BlobWriter& writer, const Manifest& manifest, Manifest& made) {
  std::optional<CopiedTree> before;
  const auto near = newest_.find({manifest.snapshot.host, manifest.snapshot.paths});
  if (near != newest_.end()) before = near->second;
  SnapshotCopier copier(from_, to_, writer, progress_);
  const TreeRef root = co_await copier.run(manifest.root, before);
  if (root.entries != manifest.entries)
    throw Error(ErrorKind::Corrupt, "snapshot {} has {} entries, its manifest says {}", manifest.snapshot.id,
                root.entries, manifest.entries);
  Manifest fresh = describe(manifest, root);
  made = co_await commit(to_, writer, std::move(fresh));
}

Manifest Copy::describe(const Manifest& manifest, const TreeRef& root) const {
  Manifest copy = manifest;
  copy.root = root.blob.id;
  copy.copy_of = original_of(manifest);
  copy.previous = copy_of(manifest.previous);
  copy.snapshot.parent = copy_of(manifest.snapshot.parent);
  copy.snapshot.bytes_added = 0;
  copy.snapshot.bytes_stored = 0;
  return copy;
}

void Copy::remember(const Manifest& manifest, const Manifest& copy) {
  copies_[manifest.snapshot.id] = copy.snapshot.id;
  newest_[{manifest.snapshot.host, manifest.snapshot.paths}] = {manifest.root, copy.root};
}

/// Empty when it was not copied.
std::string Copy::copy_of(const std::string& id) const {
  const auto found = copies_.find(id);
  return found == copies_.end() ? "" : found->second;
}

}  // namespace

Task<CopyResult> copy_snapshots(Repository& from, Repository& to, std::vector<std::string> ids,
                                SnapshotFilter filter, Progress& progress,
                                std::function<void(const CopiedSnapshot&)> visit) {
  Copy copy(from, to, progress, std::move(visit));
  CopyResult result = co_await copy.run(std::move(ids), std::move(filter));
  co_return result;
}

}  // namespace stash::engine
