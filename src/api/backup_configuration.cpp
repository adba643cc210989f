#include "stash/api/backup_configuration.hpp"

#include "api/object.hpp"
#include "stash/api/fields/backup_configuration.hpp"
#include "stash/api/schema.hpp"
#include "stash/json/schema.hpp"

namespace stash::api {

BackupConfiguration BackupConfiguration::parse(const json::Value& object) {
  return parse_object<BackupConfiguration>(object, "BackupConfiguration");
}

BackupConfiguration BackupConfiguration::read(const json::Value& object, json::Faults& faults) {
  return read_object<BackupConfiguration>(object, faults);
}

kube::Ref BackupConfiguration::repository() const {
  if (!spec.repository) return {};
  return {spec.repository->ns.empty() ? metadata.ns : spec.repository->ns, spec.repository->name};
}

std::string to_json(const BackupConfiguration& object) { return object_text(kBackupConfiguration, object); }

std::string applied_invoker(const BackupConfiguration& object) { return applied_text(object); }

std::string status_patch(const BackupConfigurationStatus& status) {
  return R"({"status":)" + json::to_text(status) + "}";
}

void backup_configuration_schema(json::Writer& w, std::string_view part) {
  part == "spec" ? json::schema<BackupConfigurationSpec>(w) : json::schema<BackupConfigurationStatus>(w);
}

}  // namespace stash::api
