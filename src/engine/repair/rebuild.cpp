#include "engine/repair/rebuild.hpp"

#include "engine/format/tree.hpp"
#include "engine/repair/content_remains.hpp"
#include "stash/base/error.hpp"

namespace stash::engine {
namespace {

constexpr std::size_t kMaxTold = 20;
constexpr int kLooks = 4;

}  // namespace

Manifest describe_rebuilt(Manifest manifest, const Rebuilt& made) {
  manifest.root = made.root.blob.id;
  manifest.entries = made.root.entries;
  Snapshot& snapshot = manifest.snapshot;
  snapshot.bytes_added = 0;
  snapshot.bytes_stored = 0;
  if (made.whole()) return manifest;
  // No copy any more: the original is still to be copied whole.
  manifest.copy_of.clear();
  snapshot.complete = false;
  snapshot.counts = made.counts;
  snapshot.errors += made.entries_lost + made.files_damaged;
  for (const PathProblem& problem : made.problems)
    if (snapshot.first_errors.size() < kMaxTold) snapshot.first_errors.push_back(problem);
  return manifest;
}

Rebuild::Rebuild(Repository::Impl& from, Repository::Impl& into) : from_(from), into_(into), reader_(from) {}

Task<void> Rebuild::look() {
  for (Repository::Impl* repository : {&from_, &into_}) {
    repository->index_is_old();
    co_await repository->load_index(Index::Scope::Places);
    if (&from_ == &into_) break;
  }
  // After the index: packs only come, except for condemned ones.
  stored_ = co_await list_packs(into_.store);
  lost_.clear();
}

Task<std::shared_ptr<const LoadedIndex>> Rebuild::known_to_writer() {
  std::vector<ObjectId> missing;
  for (const Index::Pack& pack : into_.index().packs())
    if (!stored_.contains(pack.id)) missing.push_back(pack.id);
  auto known = co_await into_.read_index(Index::Scope::Members, std::move(missing));
  co_await look();
  co_return known;
}

Task<Rebuilt> Rebuild::run(BlobId root, std::uint64_t entries, BlobWriter* writer) {
  result_ = Rebuilt();
  writer_ = writer;
  levels_.clear();
  copied_.clear();
  walking_.clear();
  dirs_.clear();
  looks_ = 0;
  tree_ = writer ? std::make_unique<TreeWriter>(*writer, into_.tree_seed) : nullptr;
  TreeRef top;
  top.blob.id = root;
  top.entries = entries;
  co_await enter(std::move(top));
  while (!levels_.empty()) {
    Level& level = levels_.back();
    if (level.next == level.children.size()) {
      levels_.pop_back();
      continue;
    }
    TreeRef child = level.children[level.next++];
    co_await enter(std::move(child));
  }
  if (tree_) result_.root = co_await tree_->finish();
  if (!writer && result_.whole()) walked_.insert(walking_.begin(), walking_.end());
  co_return std::move(result_);
}

/// A node becomes a level, a leaf's entries are taken; one that cannot be read loses its entries.
Task<void> Rebuild::enter(TreeRef ref) {
  const BlobKey key = key_of(ref.blob.id);
  if (!writer_ && walked_.contains(key)) co_return;
  walking_.push_back(key);
  std::string damage;
  Bytes bytes;
  try {
    bytes = co_await reader_.read(BlobKind::Tree, ref.blob.id, true);
    if (!is_leaf(bytes)) {
      levels_.push_back({decode_node(bytes), 0});
      co_return;
    }
  } catch (const Error& e) {
    if (e.kind() != ErrorKind::Corrupt) throw;
    damage = e.what();
  }
  if (damage.empty()) {
    co_await take_leaf(std::move(bytes));
    co_return;
  }
  // An empty tree that is lost is damage, too.
  const std::uint64_t lost = std::max<std::uint64_t>(ref.entries, 1);
  result_.entries_lost += lost;
  report(ref.first.empty() ? "/" : ref.first,
         fmt::format("{} entries from here on are lost: {}", lost, damage));
}

Task<void> Rebuild::take_leaf(Bytes bytes) {
  for (LeafCursor leaf(std::move(bytes)); leaf.peek(); leaf.pop()) {
    Entry entry = *leaf.peek();
    co_await take_entry(std::move(entry));
  }
}

Task<void> Rebuild::take_entry(Entry entry) {
  const std::string damage = co_await rebuild_content(entry);
  if (!damage.empty()) {
    ++result_.files_damaged;
    entry.unreadable = true;
    report(entry.path, damage);
  }
  count(entry);
  if (!tree_) co_return;
  const bool full = tree_->add(entry);
  if (full) co_await tree_->flush();
}

void Rebuild::count(const Entry& entry) {
  while (!dirs_.empty() && !is_within(entry.path, dirs_.back())) dirs_.pop_back();
  if (dirs_.empty() && result_.tops.size() < kMaxTold) result_.tops.push_back(entry.path);
  if (entry.type == EntryType::Dir) {
    dirs_.push_back(entry.path);
    ++result_.counts.dirs;
  } else if (entry.type == EntryType::File) {
    ++result_.counts.files_unmodified;
    result_.counts.bytes += entry.size;
  } else {
    ++result_.counts.others;
  }
}

/// What the entry lost, as a phrase, after its content was made of what is left; "" when nothing.
Task<std::string> Rebuild::rebuild_content(Entry& entry) {
  if (entry.xattr_blob) {
    const BlobRef xattrs = *entry.xattr_blob;
    const bool kept = co_await keep(BlobKind::Tree, xattrs);
    if (!kept) {
      entry.xattr_blob.reset();
      co_return "its extended attributes are lost";
    }
  }
  const bool whole = co_await is_whole(entry);
  if (whole) co_return "";
  co_await keep_remains(entry);
  std::uint64_t left = 0;
  for (const Extent& extent : entry.extents) left += extent.length;
  co_return fmt::format("of its {} bytes {} can be read", entry.size, left);
}

/// Whether every blob of the content is there; those that are not in `into` yet are copied on the way.
Task<bool> Rebuild::is_whole(const Entry& entry) {
  ContentReader content(reader_, entry);
  std::vector<BlobRef> lists;
  content.on_blob([&](const BlobRef& list) { lists.push_back(list); });
  bool whole = true;
  try {
    for (;;) {
      const auto ref = co_await content.next();
      for (const BlobRef& list : std::exchange(lists, {})) {
        const bool kept = co_await keep(BlobKind::Tree, list);
        whole = whole && kept;
      }
      if (!ref) break;
      const BlobRef blob = *ref;
      const bool kept = co_await keep(BlobKind::Data, blob);
      whole = whole && kept;
    }
  } catch (const Error& e) {
    if (e.kind() != ErrorKind::Corrupt) throw;
    whole = false;
  }
  co_return whole;
}

/// Where a list of blobs is lost, how long its part of the content was is not known: the rest goes with it.
Task<void> Rebuild::keep_remains(Entry& entry) {
  const Entry before = entry;
  ContentReader content(reader_, before);
  ContentRemains remains(before);
  std::optional<ContentWriter> kept_content;
  if (writer_) kept_content.emplace(*writer_);
  try {
    for (;;) {
      const auto ref = co_await content.next();
      if (!ref) break;
      const BlobRef blob = *ref;
      const bool kept = co_await keep(BlobKind::Data, blob);
      if (!kept) remains.lose(blob.size);
      const bool taken = kept && remains.take(blob.size);
      const bool full = taken && kept_content && kept_content->push(blob);
      if (full) co_await kept_content->spill();
    }
  } catch (const Error& e) {
    if (e.kind() != ErrorKind::Corrupt) throw;
  }
  entry.blobs.clear();
  entry.list_level = 0;
  entry.sparse = true;
  entry.extents = remains.extents();
  if (kept_content) co_await kept_content->finish(entry);
}

bool Rebuild::is_stored(BlobKind kind, const BlobRef& ref) const {
  const Index& index = into_.index();
  const auto places = index.find(kind, key_of(ref.id));
  return std::ranges::any_of(places, [&](const BlobPlace& place) {
    const Index::Pack* pack = index.pack(place.frame.pack);
    const auto it = stored_.find(place.frame.pack);
    return pack && !pack->condemned && it != stored_.end() && it->second == pack->size &&
           place.length == ref.size;
  });
}

/// True when `into` has the blob; with a writer it is copied where it has not.
Task<bool> Rebuild::keep(BlobKind kind, BlobRef ref) {
  const BlobKey key = key_of(ref.id);
  if (copied_.contains(key) || is_stored(kind, ref)) co_return true;
  if (lost_.contains(key)) co_return false;
  auto bytes = co_await reader_.read_copy(kind, ref.id);
  if (!bytes && looks_ < kLooks) {
    ++looks_;
    co_await look();
    if (is_stored(kind, ref)) co_return true;
    bytes = co_await reader_.read_copy(kind, ref.id);
  }
  if (!bytes || bytes->size() != ref.size) {
    lost_.insert(key);
    co_return false;
  }
  if (writer_) co_await writer_->add(kind, std::move(*bytes));
  copied_.insert(key);
  co_return true;
}

void Rebuild::report(std::string path, std::string what) {
  if (result_.problems.size() < kMaxTold) result_.problems.emplace_back(std::move(path), std::move(what));
}

}  // namespace stash::engine
