#include "engine/repository/tombs.hpp"

#include <algorithm>

#include "engine/repository/damage.hpp"
#include "engine/repository/repository_impl.hpp"
#include "engine/repository/store_io.hpp"

namespace stash::engine {
namespace {

constexpr std::uint64_t kMaxTomb = 64u << 20;

void add_damaged(Tombs& all, const std::string& name, const Error& why) {
  all.damaged.push_back(name);
  if (!all.damage)
    all.damage = Error(why.kind(),
                       "{}; nobody knows which packs it condemned, so nothing can be added or pruned: "
                       "stash repair index takes it away, while no prune runs",
                       why.what());
}

}  // namespace

std::set<ObjectId> Tombs::condemned() const {
  std::set<ObjectId> packs;
  for (const Tomb& tomb : tombs) packs.insert(tomb.packs.begin(), tomb.packs.end());
  return packs;
}

Task<std::set<std::string>> list_tombs(Repository::Impl& repository) {
  std::set<std::string> names;
  for (const storage::ObjectInfo& object :
       co_await storage::list_all(repository.store, std::string(kTombPrefix)))
    if (is_ulid(std::string_view(object.name).substr(kTombPrefix.size()))) names.insert(object.name);
  co_return names;
}

Task<Tombs> read_tombs(Repository::Impl& repository) {
  Tombs all;
  all.names = co_await list_tombs(repository);
  for (const std::string& name : all.names) {
    try {
      const Bytes sealed = co_await get_small(repository.store, name, kMaxTomb);
      all.tombs.push_back(open_tomb(repository.keys, name.substr(kTombPrefix.size()), sealed));
    } catch (const Error& e) {
      if (!is_damage(e) && e.kind() != ErrorKind::NotFound) throw;
      if (is_damage(e)) add_damaged(all, name, e);
    }
  }
  co_return all;
}

Task<void> publish_tomb(Repository::Impl& repository, Tomb tomb) {
  tomb.id = repository.new_ulid();
  std::ranges::sort(tomb.packs);
  const Bytes sealed = seal_tomb(repository.keys, tomb);
  co_await put_new(repository.store, tomb_name(tomb.id), sealed);
  co_await repository.store.sync();
}

}  // namespace stash::engine
