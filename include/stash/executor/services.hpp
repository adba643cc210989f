#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "stash/api/host.hpp"
#include "stash/base/random.hpp"
#include "stash/kube/client.hpp"
#include "stash/net/task.hpp"

namespace stash::executor {

/// What every executor needs from outside. References must outlive the executor.
struct Services {
  kube::Client& client;
  net::Pool& pool;
  net::Timers& timers;
  Random& random;
  std::uint64_t memory_budget = std::uint64_t{64} << 20;  ///< bytes for the engine's buffers

  Services(kube::Client& c, net::Pool& p, net::Timers& t, Random& r)
      : client(c), pool(p), timers(t), random(r) {}
};

/// Where this executor runs and for whom: what its command line and environment say.
struct Place {
  std::string ns;            ///< namespace of the invoker and of this pod
  std::string invoker_kind;  ///< BackupConfiguration, RestoreSession ...
  std::string invoker_name;
  std::string target_kind;  ///< Deployment, StatefulSet, DaemonSet ...
  std::string target_name;
  std::string target_ns;        ///< empty: `ns`
  std::string pod_name;         ///< $POD_NAME
  std::string node_name;        ///< $NODE_NAME
  std::string host;             ///< --host; empty: by the target's kind, alias, ordinal or node
  std::string pushgateway_url;  ///< empty: metrics are not pushed

  Place() {}
  bool each_pod_is_a_host() const { return api::each_pod_is_a_host(target_kind); }
};

}  // namespace stash::executor
