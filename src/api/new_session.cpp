#include "stash/api/new_session.hpp"

#include "stash/api/backup_session.hpp"
#include "stash/api/names.hpp"
#include "stash/kube/meta.hpp"

namespace stash::api {

std::string new_session(const BackupConfiguration& configuration, TimePoint at, std::int32_t retry_left) {
  kube::OwnerReference owner;
  owner.api_version = kBackupConfiguration.api_version();
  owner.kind = kBackupConfiguration.kind;
  owner.name = configuration.metadata.name;
  owner.uid = configuration.metadata.uid;
  owner.controller = true;
  owner.block_owner_deletion = true;

  BackupSession session;
  session.metadata.name = session_name(configuration.metadata.name, at);
  session.metadata.ns = configuration.metadata.ns;
  session.metadata.labels = session_labels(configuration);
  session.metadata.owners = {owner.json()};
  session.spec.invoker.api_group = kGroup;
  session.spec.invoker.kind = InvokerKind::BackupConfiguration;
  session.spec.invoker.name = configuration.metadata.name;
  session.spec.retry_left = retry_left;
  return to_json(session);
}

std::int32_t first_retries(const BackupConfigurationSpec& spec) {
  return spec.retry_config ? spec.retry_config->max_retry.value_or(1) : 0;
}

}  // namespace stash::api
