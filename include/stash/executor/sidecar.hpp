#pragma once

#include "stash/executor/services.hpp"

namespace stash::executor {

struct SidecarOptions {
  Place place;

  SidecarOptions() {}
};

/// `run-backup`: backs up this pod's volumes for every BackupSession of its own invoker, until cancelled.
///
/// Of a Deployment's replicas one leads; every ordinal of a StatefulSet and every node of a DaemonSet takes
/// part, one at a time. A host entry that a crash left unwritten is taken again. Failures of a backup are
/// told in the session's status, an event and metrics; only a lost lease or an invoker that is gone ends the
/// process. Returns an exit code: 0 when asked to stop, 1 when the process should be started again.
Task<int> run_sidecar(Services& services, SidecarOptions options);

}  // namespace stash::executor
