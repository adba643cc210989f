// Trees that no snapshot names. Every tree pack is read; a leaf or node is a root when no node names it as a
// child. Snapshots that are made of them are committed as a backup's is.

#include "stash/engine/recover.hpp"

#include <algorithm>
#include <map>
#include <unordered_set>

#include "engine/blobs/blob_writer.hpp"
#include "engine/repair/pack_salvage.hpp"
#include "engine/repair/rebuild.hpp"
#include "engine/snapshot/commit.hpp"

namespace stash::engine {
namespace {

constexpr std::size_t kMinPrefix = 4;

struct Root {
  BlobId id;
  LostTree tree;
};

/// What the tree packs hold, as far as it can be read.
class TreeScan {
 public:
  explicit TreeScan(Repository::Impl& repository) : repository_(repository), reader_(repository) {}

  Task<void> read(ObjectId pack);
  /// Roots but for the named ones, newest first.
  std::vector<Root> roots(const std::vector<BlobId>& named) const;

 private:
  void add_pack(const ObjectId& pack, ByteView bytes);
  void add_blob(ByteView bytes, TimePoint made);

  Repository::Impl& repository_;
  BlobReader reader_;
  std::map<BlobId, LostTree> trees_;
  std::unordered_set<BlobKey, BlobKeyHash> children_;
};

Task<void> TreeScan::read(ObjectId pack) {
  Bytes bytes;
  try {
    const storage::Range range(0, kMaxPack + 1);
    bytes = co_await repository_.store.get(pack_name(pack), range);
  } catch (const Error& e) {
    if (e.kind() != ErrorKind::NotFound) throw;
    co_return;
  }
  co_await net::offload(repository_.environment.pool, [&] { add_pack(pack, bytes); });
}

/// On the pool, one at a time.
void TreeScan::add_pack(const ObjectId& pack, ByteView bytes) {
  const auto claims = claims_of(repository_.keys, repository_.index(), pack, bytes);
  if (!claims || claims->kind != BlobKind::Tree) return;
  const auto keep = [&](ByteView blob) { add_blob(blob, pack.made()); };
  for (const ClaimedFrame& frame : claims->frames)
    salvage(reader_, repository_.keys, pack, claims->kind, frame, bytes, keep);
}

void TreeScan::add_blob(ByteView bytes, TimePoint made) {
  LostTree tree;
  tree.made = made;
  const char kind = static_cast<char>(bytes[0]);
  if (kind == 'N') {
    const std::vector<TreeRef> children = decode_node(bytes);
    tree.first = children.front().first;
    for (const TreeRef& child : children) {
      children_.insert(key_of(child.blob.id));
      tree.entries += child.entries;
      tree.bytes += child.bytes;
    }
  } else if (kind == 'L') {
    for (LeafCursor leaf(copy_of(bytes)); leaf.peek(); leaf.pop()) {
      if (tree.entries++ == 0) tree.first = leaf.peek()->path;
      if (leaf.peek()->type == EntryType::File) tree.bytes += leaf.peek()->size;
    }
  } else {
    return;
  }
  const BlobId id = repository_.keys.id_of(BlobKind::Tree, bytes);
  tree.id = id.hex();
  trees_.emplace(id, std::move(tree));
}

std::vector<Root> TreeScan::roots(const std::vector<BlobId>& named) const {
  std::vector<Root> roots;
  for (const auto& [id, tree] : trees_)
    if (!children_.contains(key_of(id)) && std::ranges::count(named, id) == 0 && tree.entries > 0)
      roots.push_back({id, tree});
  std::ranges::stable_sort(roots, std::ranges::greater(),
                           [](const Root& root) { return std::pair(root.tree.made, root.tree.entries); });
  return roots;
}

std::vector<Root> choose(const std::vector<Root>& roots, const std::vector<std::string>& ids) {
  std::vector<Root> chosen;
  for (const std::string& id : ids) {
    if (id == "all") return roots;
    std::vector<Root> found;
    for (const Root& root : roots)
      if (id.size() >= kMinPrefix && root.tree.id.starts_with(id)) found.push_back(root);
    if (found.empty()) throw Error(ErrorKind::NotFound, "there is no lost tree {}", id);
    if (found.size() > 1) throw Error(ErrorKind::Invalid, "{} could be {} lost trees", id, found.size());
    const bool twice = std::ranges::any_of(chosen, [&](const Root& root) { return root.id == found[0].id; });
    if (!twice) chosen.push_back(std::move(found[0]));
  }
  return chosen;
}

/// What a lost tree tells of its snapshot.
Manifest describe(const LostTree& tree, const std::string& host, const Rebuilt& made) {
  Manifest before;
  Snapshot& snapshot = before.snapshot;
  snapshot.start = snapshot.end = tree.made;
  snapshot.host = host;
  snapshot.paths = made.tops;
  snapshot.tags = {"recovered"};
  snapshot.program = "stash " STASH_VERSION;
  snapshot.complete = false;
  snapshot.counts = made.counts;
  return describe_rebuilt(std::move(before), made);
}

Task<void> write_tree(Repository::Impl& repository, Rebuild& rebuild, BlobWriter& writer, const Root& root,
                      const std::string& host, std::vector<Snapshot>& made) {
  const Rebuilt rebuilt = co_await rebuild.run(root.id, root.tree.entries, &writer);
  Manifest manifest = describe(root.tree, host, rebuilt);
  Manifest committed = co_await commit(repository, writer, std::move(manifest));
  made.push_back(std::move(committed.snapshot));
}

/// Every tree pack there is, condemned ones included.
Task<std::vector<Root>> lost_roots(Repository::Impl& repository, Progress& progress) {
  // The index before the snapshots: a tree that it knows and that is committed meanwhile is then no lost one.
  repository.index_is_old();
  co_await repository.load_index(Index::Scope::Places);
  const auto loaded = repository.loaded();
  std::vector<BlobId> named;
  TreeScan scan(repository);
  std::vector<Index::Pack> packs;
  for (const Index::Pack& pack : loaded->index.packs())
    if (pack.kind == BlobKind::Tree) packs.push_back(pack);
  for (const Index::Pack& pack : packs) progress.bytes_total += pack.size;
  for (const Index::Pack& pack : packs) {
    co_await scan.read(pack.id);
    progress.bytes_done += pack.size;
  }
  // The tree of a snapshot whose manifest cannot be opened is lost, too.
  for (const Manifest& manifest : co_await repository.manifests(pass_over)) named.push_back(manifest.root);
  co_return scan.roots(named);
}

}  // namespace

Task<RecoverResult> recover(Repository& repository, RecoverOptions options, Progress& progress) {
  Repository::Impl& impl = repository.impl();
  if (!options.ids.empty()) impl.config.require_writable();
  const std::vector<Root> roots = co_await lost_roots(impl, progress);
  RecoverResult result;
  for (const Root& root : roots) result.trees.push_back(root.tree);
  Rebuild rebuild(impl, impl);
  for (const Root& root : choose(roots, options.ids)) {
    co_await rebuild.look();
    const auto known = co_await rebuild.known_to_writer();
    Progress unseen;
    co_await write_session(
        impl, unseen,
        [&](BlobWriter& writer) {
          return write_tree(impl, rebuild, writer, root, options.host, result.snapshots);
        },
        known);
  }
  co_return result;
}

}  // namespace stash::engine
