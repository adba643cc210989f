#include "stash/storage/memory_store.hpp"

#include <algorithm>

#include "storage/names.hpp"

namespace stash::storage {

Task<void> MemoryStore::put(std::string name, std::vector<ByteView> parts) {
  check_name(name);
  const bool fresh = objects_.try_emplace(name, copy_of(parts)).second;
  if (!fresh) throw Error(ErrorKind::Conflict, "{}: {} exists already", describe(), name);
  co_return;
}

Task<Bytes> MemoryStore::get(std::string name, Range range) {
  check_name(name);
  const auto it = objects_.find(name);
  if (it == objects_.end()) throw Error(ErrorKind::NotFound, "{}: no such object: {}", describe(), name);
  const Bytes& whole = it->second;
  const std::uint64_t begin = range.from_end
                                  ? whole.size() - std::min<std::uint64_t>(range.length, whole.size())
                                  : std::min<std::uint64_t>(range.offset, whole.size());
  const std::uint64_t length = std::min<std::uint64_t>(range.length, whole.size() - begin);
  co_return copy_of(ByteView(whole).subspan(begin, length));
}

Task<std::optional<std::uint64_t>> MemoryStore::size(std::string name) {
  check_name(name);
  const auto it = objects_.find(name);
  co_return it == objects_.end() ? std::nullopt : std::optional<std::uint64_t>(it->second.size());
}

Task<ListPage> MemoryStore::list(std::string prefix, std::string token) {
  ListPage page;
  auto it = token.empty() ? objects_.lower_bound(prefix) : objects_.upper_bound(token);
  for (; it != objects_.end() && it->first.starts_with(prefix); ++it) {
    if (page.objects.size() == page_size_) {
      page.next = page.objects.back().name;
      break;
    }
    page.objects.push_back({it->first, it->second.size()});
  }
  co_return page;
}

Task<void> MemoryStore::remove(std::string name) {
  check_name(name);
  objects_.erase(name);
  co_return;
}

Task<void> MemoryStore::sync() { co_return; }

}  // namespace stash::storage
