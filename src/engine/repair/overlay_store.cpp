#include "engine/repair/overlay_store.hpp"

#include <map>

#include "engine/format/ids.hpp"

namespace stash::engine {
namespace {

bool is_overlaid(std::string_view name) {
  return name.starts_with(kPacksPrefix) || name.starts_with(kIndexPrefix);
}

[[noreturn]] void refuse(const std::string& name) {
  throw Error(ErrorKind::Internal, "{} was to change in a view that is only read", name);
}

}  // namespace

Task<void> OverlayStore::put(std::string name, std::vector<ByteView>) {
  refuse(name);
  co_return;
}

Task<void> OverlayStore::remove(std::string name) {
  refuse(name);
  co_return;
}

Task<void> OverlayStore::sync() { co_return; }

Task<Bytes> OverlayStore::get(std::string name, storage::Range range) {
  std::optional<Error> missing;
  try {
    co_return co_await present_.get(name, range);
  } catch (const Error& e) {
    if (e.kind() != ErrorKind::NotFound || !is_overlaid(name)) throw;
    missing = e;
  }
  co_return co_await removed_.get(std::move(name), range);
}

Task<std::optional<std::uint64_t>> OverlayStore::size(std::string name) {
  const auto present = co_await present_.size(name);
  if (present || !is_overlaid(name)) co_return present;
  co_return co_await removed_.size(std::move(name));
}

Task<storage::ListPage> OverlayStore::list(std::string prefix, std::string) {
  std::map<std::string, std::uint64_t> sizes;
  for (storage::Store* store : {&removed_, &present_}) {
    if (store == &removed_ && !is_overlaid(prefix)) continue;
    for (storage::ObjectInfo& object : co_await storage::list_all(*store, prefix))
      sizes[std::move(object.name)] = object.size;
  }
  storage::ListPage page;
  for (const auto& [name, size] : sizes) page.objects.push_back({name, size});
  co_return page;
}

}  // namespace stash::engine
