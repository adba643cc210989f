#include "executor/session_status.hpp"

#include "stash/api/conditions.hpp"
#include "stash/kube/status.hpp"

namespace stash::executor {
namespace {

/// The inside of {"status": ...}.
std::string inner(const std::string& patch) {
  const json::Document document = json::parse(patch, "status patch");
  return json::dump(document["status"]);
}

}  // namespace

Task<std::optional<api::BackupSession>> change_status(Services& services, kube::Ref session,
                                                      BackupChange change) {
  kube::StatusChange step = [change =
                                 std::move(change)](const json::Value& object) -> std::optional<std::string> {
    api::BackupSession read = api::BackupSession::parse(object);
    if (!change(read)) return std::nullopt;
    api::BackupSessionStatus written;
    written.targets = std::move(read.status.targets);
    written.conditions = std::move(read.status.conditions);
    return inner(api::status_patch(written));
  };
  const auto now =
      co_await kube::update_status(services.client, api::kBackupSession, session, std::move(step));
  if (!now) co_return std::nullopt;
  co_return api::BackupSession::parse(*now);
}

Task<std::optional<api::RestoreSession>> change_status(Services& services, kube::Ref session,
                                                       RestoreChange change) {
  kube::StatusChange step = [change =
                                 std::move(change)](const json::Value& object) -> std::optional<std::string> {
    api::RestoreSession read = api::RestoreSession::parse(object);
    if (!change(read)) return std::nullopt;
    api::RestoreSessionStatus written;
    written.stats = std::move(read.status.stats);
    written.conditions = std::move(read.status.conditions);
    return inner(api::status_patch(written));
  };
  const auto now =
      co_await kube::update_status(services.client, api::kRestoreSession, session, std::move(step));
  if (!now) co_return std::nullopt;
  co_return api::RestoreSession::parse(*now);
}

bool merge_condition(std::vector<api::Condition>& conditions, api::Condition next, TimePoint now) {
  for (const api::Condition& known : conditions) {
    if (known.type == next.type && known.status == api::ConditionStatus::False) return false;
  }
  return api::set_condition(conditions, std::move(next), now);
}

}  // namespace stash::executor
