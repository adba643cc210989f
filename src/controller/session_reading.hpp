#pragma once

#include <optional>

#include "controller/context.hpp"
#include "controller/session_plan.hpp"

namespace stash::controller {

/// Everything that one reconciliation of a BackupSession reads.
struct SessionReading {
  api::BackupSession session;
  std::optional<api::BackupConfiguration> configuration;  ///< unless it is gone, going, or cannot be read
  SessionWorld world;

  SessionReading() {}
};

/// Nothing when the session is gone or going.
Task<std::optional<SessionReading>> read_session(Context& context, kube::Ref ref);

/// The pods of a workload as they are now.
Task<PodHosts> read_pods(Context& context, PodQuery query, const json::Value& workload);

}  // namespace stash::controller
