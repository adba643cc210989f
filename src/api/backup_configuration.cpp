#include "stash/api/backup_configuration.hpp"

#include "api/object.hpp"
#include "stash/api/schema.hpp"

namespace stash::api {

BackupConfiguration BackupConfiguration::parse(const json::Value& object) {
  return parse_object<BackupConfiguration>(object, "BackupConfiguration");
}

kube::Ref BackupConfiguration::repository() const {
  if (!spec.repository) return {};
  return {spec.repository->ns.empty() ? metadata.ns : spec.repository->ns, spec.repository->name};
}

void backup_configuration_schema(json::Writer& w, std::string_view part) {
  part == "spec" ? json::schema<BackupConfigurationSpec>(w) : json::schema<BackupConfigurationStatus>(w);
}

}  // namespace stash::api
