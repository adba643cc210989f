#include "stash/api/restore_session.hpp"

#include <algorithm>

#include "api/object.hpp"
#include "stash/api/fields/restore_session.hpp"
#include "stash/api/schema.hpp"
#include "stash/json/schema.hpp"

namespace stash::api {

RestoreSession RestoreSession::parse(const json::Value& object) {
  return parse_object<RestoreSession>(object, "RestoreSession");
}

RestoreSession RestoreSession::read(const json::Value& object, json::Faults& faults) {
  return read_object<RestoreSession>(object, faults);
}

kube::Ref RestoreSession::repository() const {
  if (!spec.repository) return {};
  return {spec.repository->ns.empty() ? metadata.ns : spec.repository->ns, spec.repository->name};
}

const std::vector<RestoreRule>& RestoreSession::rules() const {
  return spec.target && !spec.target->rules.empty() ? spec.target->rules : spec.rules;
}

bool RestoreSession::finished() const {
  return status.phase == RestorePhase::Succeeded || status.phase == RestorePhase::Failed ||
         status.phase == RestorePhase::Unknown;
}

const HostRestoreStats* RestoreSessionStatus::host(std::string_view name) const {
  const auto it = std::find_if(stats.begin(), stats.end(), [&](const auto& s) { return s.hostname == name; });
  return it == stats.end() ? nullptr : &*it;
}

std::string status_patch(const RestoreSessionStatus& status) {
  return R"({"status":)" + json::to_text(status) + "}";
}

std::string to_json(const RestoreSession& object) { return object_text(kRestoreSession, object); }

std::string applied_invoker(const RestoreSession& object) { return applied_text(object); }

void restore_session_schema(json::Writer& w, std::string_view part) {
  part == "spec" ? json::schema<RestoreSessionSpec>(w) : json::schema<RestoreSessionStatus>(w);
}

}  // namespace stash::api
