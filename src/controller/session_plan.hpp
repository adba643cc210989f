#pragma once

// What the operator does next for a BackupSession: a pure function of what was read. It is asked again after
// every change, and after a restart, and then gives the same answer.

#include <string>

#include "stash/api/backup_configuration.hpp"
#include "stash/api/backup_session.hpp"

namespace stash::controller {

/// What was read beside the session itself.
struct SessionWorld {
  bool invoker_exists = false;
  bool invoker_ready = false;
  std::string running;  ///< name of an older session of the invoker that has not ended; "" when there is none
  bool sidecar = false;     ///< the workload's template has the wanted sidecar
  bool rolled_out = false;  ///< and its pods run it
  std::int32_t total_hosts = 0;
};

enum class SessionStep {
  None,       ///< it has ended, and nothing is left to do
  Retry,      ///< it failed and a further session is due
  WaitRetry,  ///< the same, later: see `after`
  Skip,
  Initiate,  ///< the executor is there: write targets, totals and deadline
  Wait,
  Disrupt,  ///< nobody is there to do the work
  Finish,   ///< every target has ended, or the deadline has passed
};

struct SessionPlan {
  SessionStep step = SessionStep::None;
  std::string reason;  ///< for Skip, Disrupt and the deadline: a sentence
  Duration after{};    ///< when to look again, while waiting
  bool deadline_passed = false;
};

SessionPlan plan_session(const api::BackupSession& session, const SessionWorld& world, TimePoint now);

/// True when the actions that the executor does after the last host have all been told.
bool post_actions_told(const api::BackupSessionStatus& status);

/// When a session must have ended: creation plus timeOut. Nothing without a timeOut.
std::optional<TimePoint> session_deadline(const api::BackupSession& session,
                                          const api::BackupConfiguration& configuration);

/// How long a session waits for pods that run the sidecar, and for the last executor's closing work, before
/// it fails.
inline constexpr Duration kExecutorPatience = std::chrono::minutes(10);
inline constexpr Duration kClosingPatience = std::chrono::minutes(30);

}  // namespace stash::controller
