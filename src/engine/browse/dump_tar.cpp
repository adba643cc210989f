#include "engine/browse/tar.hpp"
#include "engine/repository/repository_impl.hpp"
#include "engine/snapshot/content.hpp"
#include "engine/snapshot/entry_info.hpp"
#include "engine/snapshot/hard_links.hpp"
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

/// The member that `entry` is a hard link to, or "".
std::string link_of(HardLinks<std::string>& links, const Entry& entry, const std::string& name) {
  if (!has_other_names(entry)) return "";
  const auto [first, is_first] = links.take(entry);
  const std::string link = is_first ? "" : *first;
  if (is_first) *first = name;
  links.forget_complete();
  return link;
}

/// The header, and the content unless it is a hard link.
Task<void> write_member(BlobReader& blobs, const Entry& entry, const std::string& name,
                        const std::string& link, const std::function<Task<void>(ByteView)>& write) {
  const std::vector<Xattr> xattrs = co_await read_xattrs(blobs, entry);
  const std::string head = tar_header(entry, xattrs, name, link);
  co_await write(as_bytes(head));
  if (entry.type != EntryType::File || !link.empty()) co_return;
  co_await write_content(blobs, entry, write);
  const std::string padding = tar_padding(entry.size);
  if (!padding.empty()) co_await write(as_bytes(padding));
}

/// Entries without content to write.
struct Unreadable {
  std::uint64_t count = 0;
  std::string first;

  void add(const std::string& path) {
    if (count++ == 0) first = path;
  }
};

}  // namespace

// Sockets are left out: the format has none.
Task<void> dump_tar(Repository& repository, const Snapshot& snapshot, std::string path,
                    std::function<Task<void>(ByteView)> write) {
  path = clean_path(std::move(path));
  Repository::Impl& impl = repository.impl();
  co_await impl.load_index(Index::Scope::Places);
  const Manifest manifest = co_await impl.manifest(snapshot.id);
  BlobReader blobs(impl);
  TreeReader tree(blobs, manifest.root);
  co_await tree.seek(path);
  HardLinks<std::string> links;
  Unreadable unreadable;
  bool found = false;
  for (;;) {
    const std::optional<Entry> entry = co_await tree.next();
    if (!entry || !is_within(entry->path, path)) break;
    if (!found && entry->path == path && entry->type != EntryType::Dir)
      throw Error(ErrorKind::Invalid, "{} is a {}, not a directory", path, to_string(entry->type));
    found = true;
    if (entry->type == EntryType::Socket) continue;
    if (entry->unreadable && entry->type != EntryType::Dir) {
      unreadable.add(entry->path);
      continue;
    }
    const std::string name = member_name(path, *entry);
    const std::string link = link_of(links, *entry, name);
    co_await write_member(blobs, *entry, name, link, write);
  }
  if (!found && path != "/")
    throw Error(ErrorKind::NotFound, "snapshot {} has no {}", snapshot.short_id(), path);
  const std::string end = tar_end();
  co_await write(as_bytes(end));
  if (unreadable.count > 0)
    throw Error(ErrorKind::Invalid,
                "{} entries could not be read when they were backed up and are not in the archive, the first "
                "of them {}",
                unreadable.count, unreadable.first);
}

}  // namespace stash::engine
