#pragma once

#include <optional>
#include <string>

#include "controller/context.hpp"
#include "stash/api/backup_configuration.hpp"
#include "stash/api/backup_session.hpp"
#include "stash/api/restore_session.hpp"

namespace stash::controller {

/// Pushes what a session came to, best effort: what went wrong, or "" (also when there is no Pushgateway).
Task<std::string> push_backup_session(Context& context, const api::BackupSession& session,
                                      const std::optional<api::BackupConfiguration>& configuration);
Task<std::string> push_restore_session(Context& context, const api::RestoreSession& session);

}  // namespace stash::controller
