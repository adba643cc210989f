#pragma once

#include <functional>
#include <map>
#include <string>

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
  /// What the source of every snapshot of this workload has, and that of no other.
  std::map<std::string, std::string> workload() const {
    return {{"namespace", place.ns}, {"kind", view.target.kind}, {"workload", view.target.name}};
  }
};

/// Runs work for as long as the session is open; false when the work was stopped because it is over.
using WhileOpen = std::function<Task<bool>(Task<void>)>;

/// One host's part of a session, from the pre hook to the written status entry, event and metrics. A failure
/// of the backup is part of the report and does not throw; only when the report itself cannot be written an
/// Error leaves, and then everything may be done again. The end of the session stops the data work and
/// nothing else: what a hook has frozen is thawed, and the report tells what became of the host; hooks and
/// requests have limits of their own. Cancelled: nothing is reported, but what was frozen is thawed.
Task<void> back_up_host(Services& services, kube::EventRecorder& events, BackupOrder order,
                        WhileOpen while_open);

}  // namespace stash::executor
