#include "stash/engine/browse.hpp"

#include <algorithm>

#include "engine/repository/repository_impl.hpp"
#include "engine/snapshot/content.hpp"
#include "engine/snapshot/entry_info.hpp"
#include "engine/snapshot/tree_reader.hpp"
#include "stash/base/error.hpp"

namespace stash::engine {
namespace {

/// A snapshot's tree open for reading.
struct OpenTree {
  Manifest manifest;
  BlobReader blobs;
  TreeReader tree;

  OpenTree(Repository::Impl& impl, Manifest m)
      : manifest(std::move(m)), blobs(impl), tree(blobs, manifest.root) {}
};

Task<std::unique_ptr<OpenTree>> open_tree(Repository& repository, std::string id) {
  Repository::Impl& impl = repository.impl();
  co_await impl.load_index(Index::Scope::Places);
  Manifest manifest = co_await impl.manifest(std::move(id));
  co_return std::make_unique<OpenTree>(impl, std::move(manifest));
}

/// Stands on an entry or at the end.
Task<const Entry*> current(TreeReader& tree) {
  const Entry* entry = tree.peek();
  while (!entry && !tree.at_end()) {
    co_await tree.load();
    entry = tree.peek();
  }
  co_return entry;
}

/// The part of `path` up to the first component below `top`.
std::string child_of(const std::string& top, const std::string& path) {
  const std::size_t from = top == "/" ? 1 : top.size() + 1;
  return path.substr(0, path.find('/', from));
}

Error no_such_path(const Snapshot& snapshot, const std::string& path) {
  return Error(ErrorKind::NotFound, "snapshot {} has no {}", snapshot.short_id(), path);
}

Task<void> write_zeros(std::uint64_t count, const std::function<Task<void>(ByteView)>& write) {
  static const Bytes zeros(std::size_t{1} << 18, std::byte{0});
  while (count > 0) {
    const std::uint64_t size = std::min<std::uint64_t>(zeros.size(), count);
    co_await write(ByteView(zeros).first(size));
    count -= size;
  }
}

}  // namespace

std::string clean_path(std::string path) {
  while (path.size() > 1 && path.ends_with('/')) path.pop_back();
  if (!path.starts_with('/')) path.insert(path.begin(), '/');
  return path;
}

EntryInfo info_of(const Entry& entry) {
  EntryInfo info;
  info.path = entry.path;
  info.type = entry.type;
  info.mode = entry.mode;
  info.uid = entry.uid;
  info.gid = entry.gid;
  info.user = entry.user;
  info.group = entry.group;
  info.size = entry.type == EntryType::File ? entry.size : 0;
  info.mtime = entry.mtime;
  info.ctime = entry.ctime;
  info.atime = entry.atime.value_or(entry.mtime);
  info.inode = entry.inode;
  info.link_target = entry.link_target;
  return info;
}

Task<void> list_entries(Repository& repository, const Snapshot& snapshot, std::string path, bool recursive,
                        std::function<bool(const EntryInfo&)> visit) {
  path = clean_path(std::move(path));
  const auto open = co_await open_tree(repository, snapshot.id);
  TreeReader& tree = open->tree;
  co_await tree.seek(path);
  bool found = false;
  for (;;) {
    const Entry* entry = co_await current(tree);
    if (!entry || !is_within(entry->path, path)) break;
    found = true;
    if (entry->path == path && entry->type == EntryType::Dir) {
      tree.pop();
      continue;
    }
    if (recursive || entry->path == path) {
      if (!visit(info_of(*entry))) co_return;
      tree.pop();
      continue;
    }
    const std::string child = child_of(path, entry->path);
    EntryInfo info = info_of(*entry);
    if (child != entry->path) {  // a directory above the backed-up paths: in no tree, but it has to be shown
      info = EntryInfo();
      info.path = child;
      info.type = EntryType::Dir;
    }
    if (!visit(info)) co_return;
    co_await tree.seek_past(child);
  }
  if (!found && path != "/") throw no_such_path(snapshot, path);
}

Task<void> write_content(BlobReader& blobs, const Entry& entry, std::function<Task<void>(ByteView)> write) {
  if (!entry.sparse && entry.list_level == 0 && entry.blobs.empty()) {
    if (!entry.inline_content.empty()) co_await write(as_bytes(entry.inline_content));
    co_return;
  }
  ContentReader content(blobs, entry);
  Bytes piece = copy_of(as_bytes(entry.inline_content));
  std::size_t used = 0;
  const std::vector<Extent> whole{{0, entry.size}};
  std::uint64_t at = 0;
  for (const Extent& extent : entry.sparse ? entry.extents : whole) {
    co_await write_zeros(extent.offset - at, write);
    at = extent.offset;
    const std::uint64_t end = extent.offset + extent.length;
    while (at < end) {
      if (used == piece.size()) {
        const std::optional<BlobRef> ref = co_await content.next();
        if (!ref) throw Error(ErrorKind::Corrupt, "{}: its blobs are shorter than the file", entry.path);
        piece = co_await blobs.read(BlobKind::Data, ref->id);
        used = 0;
      }
      const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(piece.size() - used, end - at));
      co_await write(ByteView(piece).subspan(used, size));
      used += size;
      at += size;
    }
  }
  co_await write_zeros(entry.size - at, write);
}

Task<void> dump_file(Repository& repository, const Snapshot& snapshot, std::string path,
                     std::function<Task<void>(ByteView)> write) {
  path = clean_path(std::move(path));
  const auto open = co_await open_tree(repository, snapshot.id);
  co_await open->tree.seek(path);
  const Entry* found = co_await current(open->tree);
  if (!found || found->path != path) throw no_such_path(snapshot, path);
  if (found->type != EntryType::File)
    throw Error(ErrorKind::Invalid, "{} is a {}, not a file", path, to_string(found->type));
  const Entry entry = *found;
  co_await write_content(open->blobs, entry, std::move(write));
  if (entry.unreadable)
    throw Error(ErrorKind::Invalid,
                "{} could not be read when it was backed up: only what is left of it was written",
                entry.path);
}

}  // namespace stash::engine
