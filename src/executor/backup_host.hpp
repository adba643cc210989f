#pragma once

#include "executor/decide.hpp"
#include "stash/api/backup_configuration.hpp"
#include "stash/executor/services.hpp"
#include "stash/kube/events.hpp"

namespace stash::executor {

/// What a host's backup needs to know: read freshly before each.
struct BackupOrder {
  Place place;
  api::BackupConfiguration configuration;
  api::BackupSession session;
  HostView view;

  BackupOrder() {}
  const api::BackupTarget& target() const { return *configuration.spec.target; }
  std::string where() const {
    return "BackupConfiguration " + configuration.metadata.ns + "/" + configuration.metadata.name;
  }
};

/// One host's part of a session, from the pre hook to the written status entry, event and metrics. A failure
/// of the backup is part of the report and does not throw; only when the report itself cannot be written an
/// Error leaves, and then everything may be done again. Cancelled: nothing is reported.
Task<void> back_up_host(Services& services, kube::EventRecorder& events, BackupOrder order);

}  // namespace stash::executor
