#pragma once

// What the commands that run inside a cluster share.

#include <functional>
#include <memory>
#include <string>

#include "command/flags.hpp"
#include "stash/base/random.hpp"
#include "stash/kube/rest_client.hpp"
#include "stash/net/task.hpp"

namespace stash::command {

struct PodOptions {
  std::string kubeconfig;
  std::string context;
  bool verbose = false;
};

void add_flags(Flags& flags, PodOptions& options);

/// The object graph of one command in a cluster.
struct Pod {
  explicit Pod(const PodOptions& options);
  ~Pod();
  Pod(const Pod&) = delete;
  Pod& operator=(const Pod&) = delete;

  net::Pool pool;
  net::SystemTimers timers;
  SystemRandom random;
  kube::Config config;
  std::unique_ptr<kube::RestClient> client;  ///< made on the event loop's thread
};

/// Runs `work` until it ends or a signal asks it to; logs what went wrong and gives the exit code.
int run_in_pod(const char* name, const PodOptions& options, std::function<Task<int>(Pod&)> work);

/// Value of an environment variable, or "".
std::string environment_value(const char* name);

}  // namespace stash::command
