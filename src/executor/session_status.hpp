#pragma once

#include <functional>
#include <optional>

#include "stash/api/backup_session.hpp"
#include "stash/api/restore_session.hpp"
#include "stash/executor/services.hpp"

namespace stash::executor {

/// Changes targets and conditions of a session's status in place; false when nothing was to change. May be
/// called several times, with a fresh session each time.
using BackupChange = std::function<bool(api::BackupSession&)>;
using RestoreChange = std::function<bool(api::RestoreSession&)>;

/// Reads, changes and writes through the status subresource until nobody came between. The session as it then
/// is, or nothing when it is gone: one that was made anew under its name, with another uid, is another.
Task<std::optional<api::BackupSession>> change_status(Services& services, api::ObjectMeta session,
                                                      BackupChange change);
Task<std::optional<api::RestoreSession>> change_status(Services& services, api::ObjectMeta session,
                                                       RestoreChange change);

/// Puts the entry of one host in a list that has one entry a host.
template <class Stats>
void upsert_host(std::vector<Stats>& list, Stats entry) {
  for (Stats& known : list) {
    if (known.hostname != entry.hostname) continue;
    known = std::move(entry);
    return;
  }
  list.push_back(std::move(entry));
}

/// Adds a hook's outcome: a failure stays, whatever other hosts report after it.
bool merge_condition(std::vector<api::Condition>& conditions, api::Condition next, TimePoint now);

}  // namespace stash::executor
