#pragma once

#include <string>

#include "stash/base/random.hpp"
#include "stash/kube/client.hpp"
#include "stash/net/task.hpp"

namespace stash::kube {

/// Which objects of a kind.
struct Selection {
  std::string ns;  ///< empty: all namespaces
  std::string label_selector;
  std::string field_selector;

  Selection() {}
  explicit Selection(std::string n) : ns(std::move(n)) {}
};

/// What a Reflector tells. Between list_begins() and list_ends() every living object is put() once; an object
/// that was not is gone. A list may begin again before it ended.
class ReflectorSink {
 public:
  virtual ~ReflectorSink() = default;
  virtual void list_begins() = 0;
  virtual void put(const json::Value& object) = 0;
  virtual void list_ends() = 0;
  virtual void gone(const json::Value& last) = 0;
};

/// Follows the objects of one kind: pages of a list, then a watch with bookmarks that is resumed when it ends
/// and begun anew with a list on 410 Gone. Faults are logged and tried again with back-off for ever.
class Reflector {
 public:
  /// All arguments must outlive the reflector.
  Reflector(Client& client, net::Timers& timers, Random& random, const Resource& resource,
            Selection selection, ReflectorSink& sink);

  /// Ends only by cancellation.
  Task<void> run();

 private:
  struct Driver;
  Client& client_;
  net::Timers& timers_;
  Random& random_;
  const Resource& resource_;
  Selection selection_;
  ReflectorSink& sink_;
};

}  // namespace stash::kube
