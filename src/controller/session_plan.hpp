#pragma once

// What the operator does next for a BackupSession: a pure function of what was read. It is asked again after
// every change, and after a restart, and then gives the same answer.

#include <optional>
#include <string>

#include "controller/executors.hpp"
#include "stash/api/backup_configuration.hpp"
#include "stash/api/backup_session.hpp"

namespace stash::controller {

/// What was read beside the session itself.
struct SessionWorld {
  bool invoker_exists = false;
  bool invoker_ready = false;
  std::string running;  ///< name of an older session of the invoker that has not ended; "" when there is none
  std::string unservable;  ///< why no executor is there or going to come, as a sentence; "" when one may
  bool sidecar = false;    ///< the workload's template has the wanted sidecar
  bool rolled_out = false;
  std::optional<bool> served;  ///< a pod has it, ready; looked for when patience for the others has ended
  std::int32_t total_hosts = 0;
  Missing missing;
  std::optional<TimePoint> deadline;  ///< creation plus timeOut
};

enum class SessionStep {
  None,       ///< it has ended, and nothing is left to do
  SetRetry,   ///< it failed and another one is to come: write when
  WaitRetry,  ///< that time has not come
  Retry,
  Skip,
  Initiate,  ///< the executor is there: write targets, totals and deadline
  Wait,      ///< follow what the executors do; look again after `after`
  Disrupt,   ///< nobody is there, or will be, to do the work
  Finish,    ///< every target has ended and its executor has closed, or nobody waits for that any more
};

struct SessionPlan {
  SessionStep step = SessionStep::None;
  std::string reason;  ///< for Skip, Disrupt, and a Finish without the executor's closing words: a sentence
  Duration after{};    ///< when to look again, while waiting
  bool deadline_passed = false;
};

SessionPlan plan_session(const api::BackupSession& session, const SessionWorld& world, TimePoint now);

/// A session that has not begun is not to wait any longer for the pods to have the sidecar.
bool start_is_overdue(const api::BackupSession& session, TimePoint now);

/// The operator has entered its target: executors may work.
bool is_initiated(const api::BackupSession& session);

/// True when the actions that the executor does after the last host have all been told.
bool post_actions_told(const api::BackupSessionStatus& status);

/// BackupDisrupted of a target as it should be: Unknown from the moment its executor is missed, so that the
/// time of the loss survives a restart, and False once it is back.
std::optional<api::Condition> disruption(const api::BackupTargetStatus& target, const Missing& missing);
/// Since when its executor is missed.
std::optional<TimePoint> missed_since(const api::BackupTargetStatus& target);

/// How long a session waits for a pod that runs the executor, at its start and after a loss.
inline constexpr Duration kExecutorPatience = std::chrono::minutes(10);
/// How long for one that could do the closing work, once every host has reported.
inline constexpr Duration kClosingPatience = std::chrono::minutes(30);
/// How long for the next word of one that is there: a retention or a check may take its time, but one that
/// hangs is not to hang the session.
inline constexpr Duration kClosingLimit = std::chrono::hours(24);

}  // namespace stash::controller
