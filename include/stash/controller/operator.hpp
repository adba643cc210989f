#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "stash/base/random.hpp"
#include "stash/kube/client.hpp"
#include "stash/net/task.hpp"

namespace stash::controller {

struct OperatorOptions {
  std::string ns = "stash";  ///< where the operator runs: place of its Lease
  std::string identity;      ///< of this replica; the pod's name
  std::string image;         ///< for sidecars, init containers and triggers
  std::string image_pull_policy = "IfNotPresent";
  std::string pushgateway_url;  ///< given to executors, and where session metrics go; empty: none
  std::string listen = "0.0.0.0";
  std::uint16_t port = 8080;  ///< /metrics, /healthz, /readyz
  bool leader_elect = true;
  /// Deletes the data that a Repository names, for spec.wipeOut; it may be asked again for what is gone.
  std::function<Task<void>(kube::Ref repository)> wipe_out;

  OperatorOptions() {}
};

/// Runs the controllers until cancelled. Of several replicas the holder of the Lease works, the others wait.
/// Returns 1 when the lease was lost: the process is to be started again.
Task<int> run_operator(OperatorOptions options, kube::Client& client, net::Timers& timers, Random& random);

}  // namespace stash::controller
