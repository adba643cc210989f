#pragma once

// What a BackupConfiguration or RestoreSession needs before anything is done for it: its Repository, the
// Repository's Secret, the right to use them, a valid spec, a target. Each answer becomes a condition.

#include <optional>
#include <string>
#include <vector>

#include "controller/context.hpp"
#include "stash/api/conditions.hpp"

namespace stash::controller {

struct Wanted {
  std::string kind;  ///< of the invoker
  kube::Ref invoker;
  kube::Ref repository;
  api::TargetRef target;
  api::ConditionType target_condition;
  json::Faults faults;    ///< of the spec
  json::Faults warnings;  ///< told beside a success

  kube::Ref target_ref() const { return {target.ns.empty() ? invoker.ns : target.ns, target.name}; }
};

/// What was found. `repository` is empty unless it exists and is not being deleted.
struct Found {
  std::optional<api::Repository> repository;
  bool secret = false;
  bool valid = false;  ///< the spec has no faults and the namespace may use the Repository
  std::optional<json::Document> target;

  bool ready() const { return repository && secret && valid; }
};

/// Looks everything up and sets RepositoryFound, BackendSecretFound, ValidationPassed and the target's
/// condition.
Task<Found> check_prerequisites(Context& context, Wanted wanted, std::vector<api::Condition>& conditions);

/// May objects of namespace `user` use this Repository?
Task<bool> may_use(Context& context, const api::Repository& repository, std::string user);

/// The entries of `after` that `before` does not have in the same words: what somebody found out. Only these
/// are written, so that what others wrote meanwhile stays.
std::vector<api::Condition> news(const std::vector<api::Condition>& before,
                                 const std::vector<api::Condition>& after);
void merge(std::vector<api::Condition>& into, const std::vector<api::Condition>& news);

}  // namespace stash::controller
