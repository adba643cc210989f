#pragma once

#include <string>

#include "controller/context.hpp"
#include "stash/api/backup_session.hpp"
#include "stash/api/restore_session.hpp"

namespace stash::controller {

/// Pushes what a session came to, best effort: what went wrong, or "" (also when there is no Pushgateway).
Task<std::string> push_backup_session(Context& context, const api::BackupSession& session,
                                      std::string repository);
Task<std::string> push_restore_session(Context& context, const api::RestoreSession& session);

/// MetricsPushed as a push that ended with `fault` leaves it.
api::Condition metrics_condition(const std::string& fault);

}  // namespace stash::controller
