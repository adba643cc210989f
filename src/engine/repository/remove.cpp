#include "stash/engine/remove.hpp"

#include "engine/format/ids.hpp"
#include "engine/parallel/each_parallel.hpp"
#include "engine/repository/foreign.hpp"

namespace stash::engine {
namespace {

constexpr std::size_t kAtOnce = 16;

Task<std::uint64_t> remove_all(storage::Store& store, std::string prefix) {
  std::uint64_t removed = 0;
  for (;;) {
    // Always the first page: the one before is gone.
    const storage::ListPage page = co_await store.list(prefix, "");
    if (page.objects.empty()) co_return removed;
    co_await each_parallel(page.objects.size(), kAtOnce,
                           [&](std::size_t i) { return store.remove(page.objects[i].name); });
    removed += page.objects.size();
  }
}

}  // namespace

Task<std::uint64_t> remove_repository(storage::Store& store) {
  const std::string whose = co_await foreign_repository(store);
  if (!whose.empty())
    throw Error(ErrorKind::Unsupported, "{} holds a {} repository, which is not deleted", store.describe(),
                whose);
  const auto config = co_await store.size(std::string(kConfigName));
  if (!config) co_return 0;
  std::uint64_t removed = 1;
  for (const std::string_view prefix :
       {kSnapshotsPrefix, kIndexPrefix, kPacksPrefix, kTombPrefix, kKeysPrefix})
    removed += co_await remove_all(store, std::string(prefix));
  co_await store.remove(std::string(kConfigName));
  co_await store.sync();
  co_return removed;
}

}  // namespace stash::engine
