#pragma once

#include "kube/exec_plugin.hpp"
#include "stash/kube/config.hpp"
#include "stash/kube/signal.hpp"
#include "stash/net/task.hpp"

namespace stash::kube {

/// Our identity, fetched when it is first needed and again before it runs out: a token file once a minute
/// (the kubelet rotates it long before its end), a plugin's answer at its expiry. One io thread.
class Credentials {
 public:
  /// All arguments must outlive the object.
  Credentials(const Config& config, net::Timers& timers, net::Pool& pool);

  /// The identity to use now. Throws when there is none and none can be had; while an old token may still be
  /// good, a failed refresh is logged and the old one kept.
  Task<Credential> current();
  /// The server refused `used`: fetch anew. False when there is nothing to fetch from.
  bool invalidate(const Credential& used);

 private:
  bool fresh() const;
  Task<void> refresh();

  const Config& config_;
  net::Timers& timers_;
  net::Pool& pool_;
  std::optional<Credential> kept_;
  TimePoint fetched_at_{};
  bool rejected_ = false;
  bool fetching_ = false;
  Signal fetched_;
};

}  // namespace stash::kube
