#pragma once

// Pure: the JSON of the objects that the operator keeps for a BackupConfiguration or a workload. Each is
// applied on the server side with field manager `stash`, so applying the same again changes nothing.

#include <string>

#include "controller/inject.hpp"

namespace stash::controller {

std::string cron_job(const api::BackupConfiguration& configuration, const ExecutorSettings& settings);

std::string service_account(const api::BackupConfiguration& configuration);
/// Binds the ServiceAccount of the CronJob to the ClusterRole stash-cron-job.
std::string trigger_binding(const api::BackupConfiguration& configuration);

/// Who a binding is for, and which object it goes with.
struct BindingOptions {
  std::string name;
  std::string ns;
  std::string role_kind;  ///< ClusterRole or Role
  std::string role;
  std::string account;  ///< ServiceAccount
  std::string account_ns;
  std::string owner;  ///< JSON of an owner reference, or ""
  api::ObjectMeta invoker;
  std::string component;
};
std::string role_binding(const BindingOptions& options);

/// Lets an executor read exactly one Repository and its Secret, and write that Repository's status.
std::string repository_role(const BindingOptions& options, const api::Repository& repository);

/// ServiceAccount that a workload's pods run as.
std::string service_account_of(const json::Value& workload);

}  // namespace stash::controller
