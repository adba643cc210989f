#pragma once

#include "stash/executor/services.hpp"

namespace stash::executor {

struct InitOptions {
  Place place;
  std::string root = "/";                             ///< directory that snapshots are restored under
  Duration lock_patience = std::chrono::minutes(30);  ///< longest wait for another replica's restore

  InitOptions() {}
};

/// `restore` as first init container: restores this host's data before the application starts.
///
/// Nothing pending for this host (no session, or it Succeeded, or our own entry Succeeded): exit code 0 at
/// once and nothing is touched. A restore that failed stays failed: 1 is returned now and at every further
/// start of the container, so that the application does not begin on half the data, until the session is
/// replaced or removed.
Task<int> run_init(Services& services, InitOptions options);

}  // namespace stash::executor
