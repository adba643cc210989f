#pragma once

#include <string>
#include <string_view>

#include "stash/api/backup_configuration.hpp"
#include "stash/api/repository.hpp"
#include "stash/api/restore_session.hpp"
#include "stash/json/faults.hpp"

/// What the schema cannot check, or did not (an object can be older than its CRD). Every fault is a sentence
/// that begins with the field: "spec.target.paths[0]: \"data\" is not an absolute path". An empty list means
/// valid.
///
/// Not here: the schedule, whose faults (cron_fault) belong to the condition CronJobCreated, and the usage
/// policy (may_use), which needs the Repository.
namespace stash::api {

json::Faults validate(const Repository& repository);
/// The fault of a spec.wipeOut that cannot be done for the backend; "" when there is none.
std::string wipe_out_fault(const Repository& repository);
json::Faults validate(const BackupConfiguration& configuration);
json::Faults validate(const RestoreSession& session);

/// What is allowed but hardly meant: a retention policy that keeps everything, a path outside of every
/// mounted volume, a setting that nothing takes notice of.
json::Faults warnings(const BackupConfiguration& configuration);

/// "BackupConfiguration demo/nightly: spec.target: is required; ...": the message of a condition or an event.
std::string invalid_message(std::string_view kind, const ObjectMeta& metadata, const json::Faults& faults);

}  // namespace stash::api
