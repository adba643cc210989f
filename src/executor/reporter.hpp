#pragma once

#include <string>

#include "stash/api/backup_session.hpp"
#include "stash/api/restore_session.hpp"
#include "stash/executor/services.hpp"
#include "stash/kube/events.hpp"
#include "stash/metrics/registry.hpp"

namespace stash::executor {

/// Event subject of a session.
kube::EventSubject subject_of(const api::BackupSession& session);
kube::EventSubject subject_of(const api::RestoreSession& session);

/// Pushes to the place's Pushgateway, best effort: what went wrong, or "" (also when no Pushgateway is
/// named).
Task<std::string> push_best_effort(const Place& place, std::string job, metrics::Labels grouping,
                                   const metrics::Registry& registry);

/// "m:ss" or "h:mm:ss".
std::string processing_time(Duration duration);

/// "3 entries could not be read: /a: permission denied; /b: ...": a count and the first of them.
std::string list_problems(std::uint64_t count, std::string_view what, const std::vector<std::string>& first);

}  // namespace stash::executor
