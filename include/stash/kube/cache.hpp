#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "stash/base/log.hpp"
#include "stash/kube/meta.hpp"
#include "stash/kube/reflector.hpp"
#include "stash/kube/signal.hpp"

namespace stash::kube {

/// What happened to one object. Pointers are valid during the call only.
template <class T>
struct Change {
  EventType type;  ///< Added, Modified or Deleted
  const Ref& ref;
  const T* before;  ///< null when added
  const T* now;     ///< null when deleted
};

/// Projections of all objects of a kind, kept up to date by a watch: of each object only the T that `project`
/// makes is kept. Objects that vanished while the watch was down are told as deleted after the next list, and
/// one that was made anew meanwhile as deleted and added. One io thread.
///
/// Use: construct, on_change() and add_index(), then spawn run() in a TaskGroup and await synced().
template <class T>
class Cache final : private ReflectorSink {
 public:
  using Project = std::function<T(const json::Value&)>;
  using OnChange = std::function<void(const Change<T>&)>;
  using Keys = std::function<std::vector<std::string>(const Ref&, const T&)>;

  /// The services and `resource` must outlive the cache. An object that `project` throws at is logged and
  /// kept as it was known before.
  Cache(Client& client, net::Timers& timers, Random& random, const Resource& resource, Selection selection,
        Project project)
      : resource_(resource),
        project_(std::move(project)),
        reflector_(client, timers, random, resource, std::move(selection), *this) {}
  Cache(const Cache&) = delete;
  Cache& operator=(const Cache&) = delete;

  /// Told after the cache itself has changed, in the order of the watch.
  void on_change(OnChange listener) { listeners_.push_back(std::move(listener)); }
  /// Before run() only. `keys` gives the index keys of one object.
  void add_index(std::string name, Keys keys) {
    indexes_.emplace(std::move(name), Index{std::move(keys), {}});
  }

  /// Follows the kind until cancelled.
  Task<void> run() { return reflector_.run(); }
  /// Returns once the first list is complete.
  Task<void> synced() {
    while (!synced_) co_await signal_.wait();
  }
  bool is_synced() const { return synced_; }

  /// Null when there is no such object. The pointer lives until the next await.
  const T* find(const Ref& ref) const {
    const auto it = entries_.find(ref);
    return it == entries_.end() ? nullptr : &it->second.value;
  }
  std::size_t size() const { return entries_.size(); }
  /// Calls visit(ref, value) for each object in order of name; `visit` must not await.
  void each(const std::function<void(const Ref&, const T&)>& visit) const {
    for (const auto& [ref, entry] : entries_) visit(ref, entry.value);
  }
  /// Names of the objects that the index `name` files under `key`.
  std::vector<Ref> indexed(const std::string& name, const std::string& key) const {
    const auto& buckets = indexes_.at(name).buckets;
    const auto it = buckets.find(key);
    return it == buckets.end() ? std::vector<Ref>() : std::vector<Ref>(it->second.begin(), it->second.end());
  }

 private:
  struct Entry {
    T value;
    std::string uid;
    std::string resource_version;
    std::uint64_t round;  ///< number of the list that saw it last
  };
  struct Index {
    Keys keys;
    std::map<std::string, std::set<Ref>> buckets;
  };

  void list_begins() override { ++round_; }
  void list_ends() override;
  void put(const json::Value& object) override;
  void gone(const json::Value& last) override { erase(entries_.find(ref_of(last))); }

  void erase(typename std::map<Ref, Entry>::iterator it);
  void file(const Ref& ref, const T& value);
  void unfile(const Ref& ref, const T& value);
  void tell(EventType type, const Ref& ref, const T* before, const T* now) {
    const Change<T> change{type, ref, before, now};
    for (const OnChange& listener : listeners_) listener(change);
  }

  const Resource& resource_;
  Project project_;
  std::vector<OnChange> listeners_;
  std::map<std::string, Index> indexes_;
  std::map<Ref, Entry> entries_;
  std::uint64_t round_ = 0;
  bool synced_ = false;
  Signal signal_;
  Reflector reflector_;
};

template <class T>
void Cache<T>::put(const json::Value& object) try {
  const Ref ref = ref_of(object);
  std::string uid(uid_of(object));
  std::string version(resource_version_of(object));
  auto known = entries_.find(ref);
  // Another object under the same name: what it began anew, its generation for one, compares with nothing.
  if (known != entries_.end() && known->second.uid != uid) {
    erase(known);
    known = entries_.end();
  }
  if (known != entries_.end()) known->second.round = round_;
  if (known != entries_.end() && known->second.resource_version == version) return;
  T value = project_(object);
  if (known == entries_.end()) {
    Entry entry{std::move(value), std::move(uid), std::move(version), round_};
    const auto it = entries_.emplace(ref, std::move(entry)).first;
    file(ref, it->second.value);
    tell(EventType::Added, ref, nullptr, &it->second.value);
    return;
  }
  unfile(ref, known->second.value);
  const T before = std::exchange(known->second.value, std::move(value));
  known->second.resource_version = std::move(version);
  file(ref, known->second.value);
  tell(EventType::Modified, ref, &before, &known->second.value);
} catch (const std::exception& e) {
  log::warn("object passed over",
            {{"kind", resource_.kind}, {"object", ref_of(object).str()}, {"error", e.what()}});
}

template <class T>
void Cache<T>::list_ends() {
  for (auto it = entries_.begin(); it != entries_.end();) {
    const auto here = it++;
    if (here->second.round != round_) erase(here);
  }
  if (!std::exchange(synced_, true)) signal_.notify();
}

template <class T>
void Cache<T>::erase(typename std::map<Ref, Entry>::iterator it) {
  if (it == entries_.end()) return;
  const auto node = entries_.extract(it);
  unfile(node.key(), node.mapped().value);
  tell(EventType::Deleted, node.key(), &node.mapped().value, nullptr);
}

template <class T>
void Cache<T>::file(const Ref& ref, const T& value) {
  for (auto& [name, index] : indexes_)
    for (std::string& key : index.keys(ref, value)) index.buckets[std::move(key)].insert(ref);
}

template <class T>
void Cache<T>::unfile(const Ref& ref, const T& value) {
  for (auto& [name, index] : indexes_)
    for (const std::string& key : index.keys(ref, value)) {
      const auto bucket = index.buckets.find(key);
      if (bucket == index.buckets.end()) continue;
      bucket->second.erase(ref);
      if (bucket->second.empty()) index.buckets.erase(bucket);
    }
}

}  // namespace stash::kube
