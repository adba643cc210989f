#pragma once

#include <string>

#include "stash/executor/services.hpp"

namespace stash::executor {

struct TriggerOptions {
  std::string ns;
  std::string invoker_kind = "BackupConfiguration";
  std::string invoker_name;

  TriggerOptions() {}
};

/// `create-backupsession`: makes one BackupSession `<invoker>-<unix seconds>` owned by the invoker and
/// returns its name. Throws Error(NotFound) when there is no such invoker, Error(Invalid) when it has no
/// target. A session of the same second that is the invoker's own counts as made: a restarted pod makes no
/// second one.
Task<std::string> create_session(Services& services, TriggerOptions options);

/// The same as a command: logs, and returns an exit code.
Task<int> run_trigger(Services& services, TriggerOptions options);

}  // namespace stash::executor
