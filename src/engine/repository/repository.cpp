#include "stash/engine/repository.hpp"

#include <algorithm>

#include "engine/repository/foreign.hpp"
#include "engine/repository/repository_impl.hpp"
#include "engine/repository/snapshot_list.hpp"
#include "engine/repository/store_io.hpp"
#include "stash/base/log.hpp"

namespace stash::engine {
namespace {

constexpr std::uint64_t kMaxPlain = 64u << 10;
constexpr std::size_t kMinPrefix = 4;

Task<std::optional<Bytes>> find_config(storage::Store& store) {
  try {
    co_return co_await get_small(store, std::string(kConfigName), kMaxPlain);
  } catch (const Error& e) {
    if (e.kind() != ErrorKind::NotFound) throw;
  }
  co_return std::nullopt;
}

Task<void> refuse_foreign(storage::Store& store) {
  const std::string whose = co_await foreign_repository(store);
  if (!whose.empty())
    throw Error(ErrorKind::Unsupported,
                "{} holds a {} repository; use an address of its own for this program", store.describe(),
                whose);
}

Task<UnverifiedConfig> open_config(storage::Store& store) {
  const auto text = co_await find_config(store);
  std::exception_ptr failure;
  try {
    if (text) co_return read_config(as_text(*text));
  } catch (const Error&) {
    failure = std::current_exception();
  }
  // Only now: a look at whose it is costs requests.
  co_await refuse_foreign(store);
  if (failure) std::rethrow_exception(failure);
  throw Error(ErrorKind::NotFound, "there is no repository at {}", store.describe());
}

/// Slots of an init() that did not come to its end are fine, anything else under our names is not.
Task<void> require_empty(storage::Store& store) {
  co_await refuse_foreign(store);
  const auto config = co_await find_config(store);
  if (config) {
    bool ours = true;
    try {
      read_config(as_text(*config));
    } catch (const Error& e) {
      ours = e.kind() == ErrorKind::Unsupported;
    }
    if (ours) throw Error(ErrorKind::Conflict, "{} holds a repository already", store.describe());
    throw Error(ErrorKind::Invalid, "{} holds a file `config` that is not ours; choose an empty place",
                store.describe());
  }
  for (const std::string_view prefix : {kPacksPrefix, kIndexPrefix, kSnapshotsPrefix, kTombPrefix}) {
    const auto page = co_await store.list(std::string(prefix), "");
    if (!page.objects.empty())
      throw Error(ErrorKind::Invalid, "{} holds {} but no repository config; choose an empty place",
                  store.describe(), page.objects.front().name);
  }
}

Task<std::vector<KeySlot>> read_slots(storage::Store& store) {
  std::vector<KeySlot> slots;
  for (const storage::ObjectInfo& object : co_await storage::list_all(store, std::string(kKeysPrefix))) {
    const std::string id = object.name.substr(kKeysPrefix.size());
    if (!ObjectId::parse(id)) continue;
    try {
      const Bytes text = co_await get_small(store, object.name, kMaxPlain);
      slots.push_back(read_slot(id, as_text(text)));
    } catch (const Error& e) {
      // One damaged or removed slot must not lock out the holders of the others.
      if (e.kind() == ErrorKind::Unavailable || e.kind() == ErrorKind::Cancelled ||
          e.kind() == ErrorKind::Denied)
        throw;
      log::warn("key slot passed over", {{"error", e.what()}});
    }
  }
  // Raw slots cost nothing to try.
  std::ranges::stable_partition(slots, [](const KeySlot& slot) { return slot.kdf == Kdf::Raw; });
  co_return slots;
}

}  // namespace

bool SnapshotFilter::matches(const Snapshot& snapshot) const {
  const auto has_all = [](const std::vector<std::string>& all, const std::vector<std::string>& wanted) {
    return std::ranges::all_of(wanted,
                               [&](const std::string& w) { return std::ranges::find(all, w) != all.end(); });
  };
  const auto has_source = [&](const auto& wanted) {
    const auto it = snapshot.source.find(wanted.first);
    return it != snapshot.source.end() && it->second == wanted.second;
  };
  return std::ranges::all_of(source, has_source) && (host.empty() || snapshot.host == host) &&
         has_all(snapshot.paths, paths) && (tags.empty() || tags.match(snapshot.tags));
}

Repository::Repository(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Repository::~Repository() = default;

std::string Repository::id() const { return impl_->config.id.hex(); }
storage::Store& Repository::store() const { return impl_->store; }
const Environment& Repository::environment() const { return impl_->environment; }

Task<void> Repository::init(storage::Store& store, Secret password, InitOptions options,
                            Environment environment) {
  co_await require_empty(store);
  Config config;
  config.id = ObjectId::make(environment.random);
  config.created = environment.timers.now();
  crypto::Key master;
  environment.random.fill(master.bytes());
  const Keys keys(master, config.id);

  const std::string slot = ObjectId::make(environment.random).hex();
  const std::string slot_text = co_await net::offload(environment.pool, [&] {
    const Kdf kdf = options.kdf.value_or(kdf_for(password.reveal()));
    return write_slot(slot, master, password.reveal(), kdf, "", config.created, environment.random);
  });
  co_await put_new(store, std::string(kKeysPrefix) + slot, as_bytes(slot_text));
  co_await store.sync();
  // The config comes last: a place without one is no repository.
  const std::string text = write_config(config, keys.config_mac());
  std::vector<ByteView> parts{as_bytes(text)};
  try {
    co_await store.put(std::string(kConfigName), std::move(parts));
  } catch (const Error& e) {
    // Perhaps with an earlier attempt of our own, whose answer was lost: reading it back tells.
    if (e.kind() != ErrorKind::Conflict) throw;
  }
  co_await store.sync();
  const auto read_back = co_await find_config(store);
  if (!read_back || as_text(*read_back) != text)
    throw Error(ErrorKind::Conflict, "{}: another process made a repository at the same time",
                store.describe());
}

std::uint64_t buffers_within(std::optional<std::uint64_t> limit, std::uint64_t wanted) {
  if (!limit) return wanted;
  const std::uint64_t usable = *limit - *limit / 8;
  return std::min(wanted, usable - std::min(usable, kBesideBuffers));
}

Task<std::unique_ptr<Repository>> Repository::open(storage::Store& store, Secret password,
                                                   Environment environment) {
  const UnverifiedConfig unverified = co_await open_config(store);
  const std::vector<KeySlot> slots = co_await read_slots(store);
  bool unlocked = false;
  for (const KeySlot& slot : slots) {
    const auto try_slot = [&] { return slot.unlock(password.reveal()); };
    const auto master = co_await net::offload(environment.pool, try_slot);
    if (!master) continue;
    unlocked = true;
    Keys keys(*master, unverified.config.id);
    try {
      Config config = unverified.verify(keys.config_mac());
      auto impl = std::make_unique<Impl>(store, environment, std::move(config), std::move(keys), slot.id);
      co_return std::unique_ptr<Repository>(new Repository(std::move(impl)));
    } catch (const Error& e) {
      // A slot left by an init() that lost to another one has the same password and another master secret.
      if (e.kind() != ErrorKind::Corrupt) throw;
    }
  }
  if (unlocked)
    throw Error(ErrorKind::Corrupt, "{}: config: damaged: its MAC does not match", store.describe());
  throw Error(ErrorKind::Denied, "wrong password: it opens none of the {} keys of {}", slots.size(),
              store.describe());
}

Task<std::vector<Snapshot>> Repository::snapshots(SnapshotFilter filter) {
  std::vector<Snapshot> chosen;
  for (Manifest& manifest : co_await impl_->manifests(pass_over))
    if (filter.matches(manifest.snapshot)) chosen.push_back(std::move(manifest.snapshot));
  std::ranges::stable_sort(chosen, [](const Snapshot& a, const Snapshot& b) {
    return std::tie(a.start, a.id) < std::tie(b.start, b.id);
  });
  co_return chosen;
}

Task<Snapshot> Repository::find_snapshot(std::string id, SnapshotFilter filter) {
  if (id == "latest") {
    std::vector<Snapshot> all = co_await snapshots(std::move(filter));
    if (all.empty()) throw Error(ErrorKind::NotFound, "there is no snapshot that matches");
    co_return std::move(all.back());
  }
  std::vector<std::string> named = co_await list_snapshots(impl_->store);
  std::erase_if(named, [&](const std::string& full) {
    return full != id && (id.size() < kMinPrefix || !(full.starts_with(id) || full.ends_with(id)));
  });
  std::vector<Manifest> found = co_await impl_->manifests_of(std::move(named));
  std::erase_if(found, [&](const Manifest& manifest) { return !filter.matches(manifest.snapshot); });
  if (found.empty()) throw Error(ErrorKind::NotFound, "there is no snapshot {}", id);
  if (found.size() > 1)
    throw Error(ErrorKind::Invalid, "{} could be {} snapshots, among them {} and {}", id, found.size(),
                found[0].snapshot.id, found[1].snapshot.id);
  co_return std::move(found.front().snapshot);
}

Task<std::vector<KeyInfo>> Repository::keys() {
  std::vector<KeyInfo> infos;
  for (const KeySlot& slot : co_await read_slots(impl_->store)) {
    KeyInfo info;
    info.id = slot.id;
    info.kdf = slot.kdf;
    info.label = slot.label;
    info.created = slot.created;
    info.current = slot.id == impl_->slot;
    infos.push_back(std::move(info));
  }
  std::ranges::sort(infos, {}, [](const KeyInfo& info) { return std::pair(info.created, info.id); });
  co_return infos;
}

Task<std::string> Repository::add_key(Secret password, Kdf kdf, std::string label) {
  const Environment& env = impl_->environment;
  impl_->config.require_writable();
  const std::string id = ObjectId::make(env.random).hex();
  const std::string text = co_await net::offload(env.pool, [&] {
    return write_slot(id, impl_->keys.master(), password.reveal(), kdf, label, env.timers.now(), env.random);
  });
  co_await put_new(impl_->store, std::string(kKeysPrefix) + id, as_bytes(text));
  co_await impl_->store.sync();
  co_return id;
}

Task<void> Repository::remove_key(std::string id) {
  impl_->config.require_writable();
  if (id == impl_->slot)
    throw Error(ErrorKind::Invalid,
                "key {} opened the repository just now; open it with another one to remove it", id);
  const std::string name = std::string(kKeysPrefix) + id;
  const auto size = ObjectId::parse(id) ? co_await impl_->store.size(name) : std::nullopt;
  if (!size) throw Error(ErrorKind::NotFound, "there is no key {}", id);
  co_await impl_->store.remove(name);
  co_await impl_->store.sync();
}

}  // namespace stash::engine
