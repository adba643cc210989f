#pragma once

// Pure: what is to be thought of a BackupConfiguration or RestoreSession, and which of several a workload
// serves.

#include <string>
#include <vector>

#include "stash/api/backup_configuration.hpp"
#include "stash/api/repository.hpp"
#include "stash/api/restore_session.hpp"
#include "stash/json/faults.hpp"

namespace stash::controller {

/// An invoker and all that is wrong with it: what cannot be read, what is not valid, and what this version
/// does not do. Each fault is a sentence that begins with the field.
template <class Invoker>
struct Examined {
  Invoker invoker;
  json::Faults faults;
};

Examined<api::BackupConfiguration> examine_configuration(const json::Value& object);
Examined<api::RestoreSession> examine_restore(const json::Value& object);

/// What is wrong with a Repository: what is not valid, and what this version does not do.
json::Faults faults_of(const api::Repository& repository);

/// A hook runs a command in a container of the target.
bool runs_commands(const api::BackupConfiguration& configuration);
bool runs_commands(const api::RestoreSession& session);

/// status.conditions of an object of one of the two kinds.
std::vector<api::Condition> conditions_of(const kube::Resource& kind, const json::Value& object);

/// In order of preference: the newest first.
void sort_candidates(std::vector<Examined<api::BackupConfiguration>>& candidates);
/// In order of preference: a restore that works, one that waits, one that has ended; of equals the newest.
void sort_candidates(std::vector<Examined<api::RestoreSession>>& candidates);

}  // namespace stash::controller
