#include <map>

#include "engine/browse/tar.hpp"
#include "engine/repository/repository_impl.hpp"
#include "engine/snapshot/content.hpp"
#include "engine/snapshot/entry_info.hpp"
#include "engine/snapshot/tree_reader.hpp"
#include "stash/base/error.hpp"

namespace stash::engine {
namespace {

/// Names as `tar -C path .` gives them.
std::string member_name(const std::string& top, const Entry& entry) {
  const std::size_t skip = top == "/" ? 0 : top.size();
  std::string name = "." + (entry.path == top ? "" : entry.path.substr(skip));
  if (entry.type == EntryType::Dir) name += '/';
  return name;
}

}  // namespace

// Sockets are left out: the format has none. Files that could not be read are left out as well.
Task<void> dump_tar(Repository& repository, const Snapshot& snapshot, std::string path,
                    std::function<Task<void>(ByteView)> write) {
  path = clean_path(std::move(path));
  Repository::Impl& impl = repository.impl();
  co_await impl.load_index(Index::Scope::Places);
  const Manifest manifest = co_await impl.manifest(snapshot.id);
  BlobReader blobs(impl);
  TreeReader tree(blobs, manifest.root);
  co_await tree.seek(path);
  std::map<std::pair<std::uint32_t, std::uint64_t>, std::string> first_names;
  bool found = false;
  for (;;) {
    const std::optional<Entry> entry = co_await tree.next();
    if (!entry || !is_within(entry->path, path)) break;
    if (!found && entry->path == path && entry->type != EntryType::Dir)
      throw Error(ErrorKind::Invalid, "{} is a {}, not a directory", path, to_string(entry->type));
    found = true;
    if (entry->type == EntryType::Socket || (entry->unreadable && entry->type != EntryType::Dir)) continue;
    const std::string name = member_name(path, *entry);
    std::string first;
    if (entry->links > 1) {
      const auto known = first_names.emplace(std::pair(entry->device, entry->inode), name);
      if (!known.second) first = known.first->second;
    }
    const std::vector<Xattr> xattrs = co_await read_xattrs(blobs, *entry);
    const std::string head = tar_header(*entry, xattrs, name, first);
    co_await write(as_bytes(head));
    if (entry->type != EntryType::File || !first.empty()) continue;
    co_await write_content(blobs, *entry, write);
    const std::string padding = tar_padding(entry->size);
    if (!padding.empty()) co_await write(as_bytes(padding));
  }
  if (!found && path != "/")
    throw Error(ErrorKind::NotFound, "snapshot {} has no {}", snapshot.short_id(), path);
  const std::string end = tar_end();
  co_await write(as_bytes(end));
}

}  // namespace stash::engine
