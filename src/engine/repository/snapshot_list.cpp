#include "engine/repository/snapshot_list.hpp"

#include <set>

#include "engine/repository/repository_impl.hpp"

namespace stash::engine {

Task<std::vector<std::string>> list_snapshots(storage::Store& store) {
  std::set<std::string> broken;
  std::vector<std::string> ids;
  for (const storage::ObjectInfo& object : co_await storage::list_all(store, std::string(kSnapshotsPrefix))) {
    std::string id = object.name.substr(kSnapshotsPrefix.size());
    if (is_ulid(id))
      ids.push_back(std::move(id));
    else if (id.ends_with(kBrokenSuffix))
      broken.insert(id.substr(0, id.size() - kBrokenSuffix.size()));
  }
  std::erase_if(ids, [&](const std::string& id) { return broken.contains(id); });
  co_return ids;
}

}  // namespace stash::engine
