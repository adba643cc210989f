#include "engine/repository/pack_list.hpp"

namespace stash::engine {

Task<PackSizes> list_packs(storage::Store& store) {
  PackSizes packs;
  std::string token;
  do {
    const storage::ListPage page = co_await store.list(std::string(kPacksPrefix), token);
    for (const storage::ObjectInfo& object : page.objects)
      if (const auto id = parse_pack_name(object.name)) packs.emplace(*id, object.size);
    token = page.next;
  } while (!token.empty());
  co_return packs;
}

}  // namespace stash::engine
