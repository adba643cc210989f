#pragma once

// What an executor does next, read from the state of the world alone: these functions are pure, so a process
// that died anywhere comes to the same answer when it starts again.

#include <optional>
#include <string>
#include <vector>

#include "stash/api/backup_session.hpp"
#include "stash/api/restore_session.hpp"

namespace stash::executor {

/// Who asks: one host of one target of an invoker.
struct HostView {
  std::string invoker_kind;
  std::string invoker_name;
  api::TargetRef target;  ///< kind, name and namespace count; an empty namespace is the session's
  std::string host;

  HostView() {}
};

enum class BackupStep {
  None,    ///< not ours, finished, or our part is done
  Wait,    ///< not ready yet; a change of the session will tell
  Backup,  ///< our host has to be backed up
  Finish,  ///< every host has reported and the post-backup actions are due
};

/// The step for `view` in `session` at `now`.
BackupStep decide_backup(const api::BackupSession& session, const HostView& view, TimePoint now);

/// Index of the view's target in the session's status, if the operator has entered it.
std::optional<std::size_t> find_target(const api::BackupSession& session, const HostView& view);

/// True when some action of this list still lacks its condition in the session.
bool actions_pending(const api::BackupSession& session, const std::vector<std::string>& actions);

enum class RestoreStep {
  Skip,     ///< nothing is pending for this host: the application may start
  Restore,  ///< data has to be brought back first
  Refuse,   ///< a required restore has failed: the application must not start
};

struct RestoreDecision {
  RestoreStep step = RestoreStep::Skip;
  std::string reason;  ///< for people; of a refusal, with what to do
};

/// Fails closed: only success, or no session at all, lets the application start.
RestoreDecision decide_restore(const api::RestoreSession& session, const std::string& host, TimePoint now);

}  // namespace stash::executor
