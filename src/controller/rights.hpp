#pragma once

// What executors may do: a binding of their ClusterRole in the workload's namespace, and one of that which
// runs commands in pods when hooks do so; and a Role for exactly one Repository and its Secret in the
// Repository's.

#include "controller/context.hpp"
#include "controller/objects.hpp"

namespace stash::controller {

/// For whom an executor works.
struct RightsHolder {
  const kube::Resource* invoker_kind;  ///< api::kBackupConfiguration or api::kRestoreSession
  api::ObjectMeta invoker;
  api::Repository repository;
  bool runs_commands;  ///< a hook does
};

/// Makes the rights of an executor in the pods of `workload`; again is harmless.
Task<void> ensure_rights(Context& context, const kube::Resource& resource, const json::Value& workload,
                         RightsHolder holder);

/// Takes back what an invoker that goes gave on its Repository.
Task<void> remove_repository_rights(Context& context, const kube::Resource& invoker_kind, kube::Ref invoker,
                                    std::string repository_ns);
/// Takes back the ClusterRoles from the pods of a workload that has no executor for this kind of invoker.
Task<void> remove_executor_bindings(Context& context, const kube::Resource& invoker_kind,
                                    std::string workload_kind, kube::Ref workload);

}  // namespace stash::controller
