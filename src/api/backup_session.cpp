#include "stash/api/backup_session.hpp"

#include <algorithm>

#include "api/object.hpp"
#include "stash/api/fields/backup_session.hpp"
#include "stash/api/schema.hpp"
#include "stash/json/schema.hpp"

namespace stash::api {

BackupSession BackupSession::parse(const json::Value& object) {
  return parse_object<BackupSession>(object, "BackupSession");
}

bool BackupSession::finished() const {
  return status.phase == SessionPhase::Succeeded || status.phase == SessionPhase::Failed ||
         status.phase == SessionPhase::Skipped || status.phase == SessionPhase::Unknown;
}

const HostBackupStats* BackupTargetStatus::host(std::string_view name) const {
  const auto it = std::find_if(stats.begin(), stats.end(), [&](const auto& s) { return s.hostname == name; });
  return it == stats.end() ? nullptr : &*it;
}

std::string status_patch(const BackupSessionStatus& status) {
  return R"({"status":)" + json::to_text(status) + "}";
}

std::string to_json(const BackupSession& object) { return object_text(kBackupSession, object); }

void backup_session_schema(json::Writer& w, std::string_view part) {
  part == "spec" ? json::schema<BackupSessionSpec>(w) : json::schema<BackupSessionStatus>(w);
}

}  // namespace stash::api
