#pragma once

#include "stash/api/restore_session.hpp"
#include "stash/executor/services.hpp"
#include "stash/kube/events.hpp"

namespace stash::executor {

/// What a host's restore needs to know.
struct RestoreOrder {
  Place place;
  api::RestoreSession session;
  std::string host;
  std::string root = "/";

  RestoreOrder() {}
  std::string where() const { return "RestoreSession " + session.metadata.ns + "/" + session.metadata.name; }
};

/// Restores one host's data, verifies it, and reports it in the session's status, an event and metrics. True
/// when it succeeded. A failure that trying again cannot mend is written as final; one that may pass
/// (network, a Repository, Secret or right that is not there yet), and that the session has gone, throws and
/// leaves no entry, so that the container's next start tries again.
Task<bool> restore_host(Services& services, kube::EventRecorder& events, RestoreOrder order);

}  // namespace stash::executor
