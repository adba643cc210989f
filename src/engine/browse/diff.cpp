#include <optional>

#include "engine/repository/repository_impl.hpp"
#include "engine/snapshot/entry_info.hpp"
#include "engine/snapshot/tree_reader.hpp"
#include "stash/engine/browse.hpp"

namespace stash::engine {
namespace {

bool same_content(const Entry& a, const Entry& b) {
  return a.size == b.size && a.inline_content == b.inline_content && a.blobs == b.blobs &&
         a.list_level == b.list_level && a.sparse == b.sparse && a.extents == b.extents &&
         a.link_target == b.link_target && a.device_major == b.device_major &&
         a.device_minor == b.device_minor;
}

/// Inode, device and change time belong to one machine at one time: they are no difference to a user.
bool same_metadata(const Entry& a, const Entry& b) {
  return a.mode == b.mode && a.uid == b.uid && a.gid == b.gid && a.user == b.user && a.group == b.group &&
         a.mtime == b.mtime && a.xattrs == b.xattrs && a.xattr_blob == b.xattr_blob &&
         a.inode_flags == b.inode_flags;
}

/// 0: no difference.
char kind_of(const Entry& before, const Entry& after) {
  if (before.type != after.type) return 'T';
  if (!same_content(before, after)) return 'M';
  return same_metadata(before, after) ? '\0' : 'U';
}

}  // namespace

Task<void> diff(Repository& repository, const Snapshot& before, const Snapshot& after,
                std::function<bool(char, const EntryInfo&)> visit) {
  Repository::Impl& impl = repository.impl();
  co_await impl.load_index(Index::Scope::Places);
  const Manifest from = co_await impl.manifest(before.id);
  const Manifest to = co_await impl.manifest(after.id);
  BlobReader blobs(impl);
  TreeReader a(blobs, from.root);
  TreeReader b(blobs, to.root);
  for (;;) {
    co_await TreeReader::skip_equal(a, b);
    while (!a.peek() && !a.at_end()) co_await a.load();
    while (!b.peek() && !b.at_end()) co_await b.load();
    const Entry* x = a.peek();
    const Entry* y = b.peek();
    if (!x && !y) co_return;
    const auto order = !x   ? std::strong_ordering::greater
                       : !y ? std::strong_ordering::less
                            : compare_paths(x->path, y->path);
    char kind = order < 0 ? '-' : '+';
    if (order == 0) kind = kind_of(*x, *y);
    if (kind != '\0') {
      const bool more = visit(kind, info_of(order < 0 ? *x : *y));
      if (!more) co_return;
    }
    if (order <= 0) a.pop();
    if (order >= 0) b.pop();
  }
}

}  // namespace stash::engine
