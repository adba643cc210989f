#include "executor/session_status.hpp"

#include "stash/api/conditions.hpp"
#include "stash/kube/meta.hpp"
#include "stash/kube/status.hpp"

namespace stash::executor {
namespace {

/// The inside of {"status": ...}.
std::string inner(const std::string& patch) {
  const json::Document document = json::parse(patch, "status patch");
  return json::dump(document["status"]);
}

/// What an executor may write of a status.
api::BackupSessionStatus own_part(api::BackupSessionStatus read) {
  api::BackupSessionStatus written;
  written.targets = std::move(read.targets);
  written.conditions = std::move(read.conditions);
  return written;
}

api::RestoreSessionStatus own_part(api::RestoreSessionStatus read) {
  api::RestoreSessionStatus written;
  written.stats = std::move(read.stats);
  written.conditions = std::move(read.conditions);
  return written;
}

template <class Session>
Task<std::optional<Session>> change_own_part(Services& services, const kube::Resource& kind,
                                             api::ObjectMeta session, std::function<bool(Session&)> change) {
  kube::StatusChange step = [change = std::move(change),
                             &session](const json::Value& object) -> std::optional<std::string> {
    if (kube::uid_of(object) != session.uid) return std::nullopt;
    Session read = Session::parse(object);
    if (!change(read)) return std::nullopt;
    return inner(api::status_patch(own_part(std::move(read.status))));
  };
  const kube::Ref ref(session.ns, session.name);
  const auto now = co_await kube::update_status(services.client, kind, ref, std::move(step));
  if (!now || kube::uid_of(*now) != session.uid) co_return std::nullopt;
  co_return Session::parse(*now);
}

}  // namespace

Task<std::optional<api::BackupSession>> change_status(Services& services, api::ObjectMeta session,
                                                      BackupChange change) {
  return change_own_part<api::BackupSession>(services, api::kBackupSession, std::move(session),
                                             std::move(change));
}

Task<std::optional<api::RestoreSession>> change_status(Services& services, api::ObjectMeta session,
                                                       RestoreChange change) {
  return change_own_part<api::RestoreSession>(services, api::kRestoreSession, std::move(session),
                                              std::move(change));
}

bool merge_condition(std::vector<api::Condition>& conditions, api::Condition next, TimePoint now) {
  for (const api::Condition& known : conditions) {
    if (known.type == next.type && known.status == api::ConditionStatus::False) return false;
  }
  return api::set_condition(conditions, std::move(next), now);
}

}  // namespace stash::executor
