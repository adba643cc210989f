#include "stash/storage/store.hpp"

#include <algorithm>

#include "storage/names.hpp"

namespace stash::storage {

void check_name(std::string_view name) {
  static constexpr std::string_view kAllowed = "abcdefghijklmnopqrstuvwxyz0123456789/._-";
  const bool plain = !name.empty() && name.size() <= 200 && name.find_first_not_of(kAllowed) == name.npos;
  if (!plain || name.front() == '/' || name.back() == '/' || name.find("..") != name.npos ||
      name.find("//") != name.npos)
    throw Error(ErrorKind::Invalid, "\"{}\" is not an object name", name);
}

Task<std::vector<ObjectInfo>> list_all(Store& store, std::string prefix) {
  std::vector<ObjectInfo> all;
  std::string token;
  do {
    ListPage page = co_await store.list(prefix, token);
    all.insert(all.end(), std::make_move_iterator(page.objects.begin()),
               std::make_move_iterator(page.objects.end()));
    token = std::move(page.next);
  } while (!token.empty());
  co_return all;
}

}  // namespace stash::storage
