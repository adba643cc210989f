#include "executor/decide.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "stash/api/conditions.hpp"
#include "stash/api/names.hpp"
#include "stash/api/phase.hpp"

namespace stash::executor {
namespace {

bool same_target(const api::TargetRef& a, const api::TargetRef& b, const std::string& session_ns) {
  const auto ns = [&](const api::TargetRef& ref) { return ref.ns.empty() ? session_ns : ref.ns; };
  return a.kind == b.kind && a.name == b.name && ns(a) == ns(b);
}

}  // namespace

std::optional<std::size_t> find_target(const api::BackupSession& session, const HostView& view) {
  const auto& targets = session.status.targets;
  for (std::size_t i = 0; i < targets.size(); ++i) {
    if (same_target(targets[i].ref, view.target, session.metadata.ns)) return i;
  }
  return std::nullopt;
}

bool actions_pending(const api::BackupSession& session, const std::vector<std::string>& actions) {
  const auto due = [&](std::string_view action, const api::ConditionType& condition) {
    return std::ranges::find(actions, action) != actions.end() &&
           !api::find_condition(session.status.conditions, condition);
  };
  return due(api::kRetentionAction, api::kRetentionPolicyApplied) ||
         due(api::kIntegrityAction, api::kRepositoryIntegrityVerified) ||
         due(api::kRepositoryMetricsAction, api::kRepositoryMetricsPushed);
}

BackupStep decide_backup(const api::BackupSession& session, const HostView& view, TimePoint now) {
  if (json::spelling(session.spec.invoker.kind) != view.invoker_kind ||
      session.spec.invoker.name != view.invoker_name) {
    return BackupStep::None;
  }
  const auto& status = session.status;
  if (session.metadata.deleting || session.finished()) return BackupStep::None;
  if (status.session_deadline && *status.session_deadline <= now) return BackupStep::None;
  if (api::is_true(status.conditions, api::kBackupSkipped) ||
      api::is_true(status.conditions, api::kDeadlineExceeded) ||
      api::is_false(status.conditions, api::kGlobalPreBackupHook)) {
    return BackupStep::None;
  }
  const auto at = find_target(session, view);
  if (!at) return BackupStep::Wait;
  const auto& target = status.targets[*at];
  if (!target.total_hosts) return BackupStep::Wait;
  if (api::is_false(target.conditions, api::kBackupExecutorEnsured)) return BackupStep::None;

  const auto* own = target.host(view.host);
  if (!own || own->phase == api::HostPhase::Unset) {
    const bool initialises = !target.pre_backup_actions.empty();
    const bool initialised = api::find_condition(status.conditions, api::kBackendRepositoryInitialized);
    return initialises || initialised ? BackupStep::Backup : BackupStep::Wait;
  }
  if (!actions_pending(session, target.post_backup_actions)) return BackupStep::None;
  return api::all_targets_finished(status) ? BackupStep::Finish : BackupStep::Wait;
}

RestoreDecision decide_restore(const api::RestoreSession& session, const std::string& host, TimePoint now) {
  const auto& status = session.status;
  const std::string name = kube::Ref(session.metadata.ns, session.metadata.name).str();
  const auto refuse = [&](std::string why) {
    return RestoreDecision{
        RestoreStep::Refuse,
        fmt::format("RestoreSession {}: {}. The application is not started on incomplete data: delete "
                    "the RestoreSession and create it anew to try again, or delete it to go without",
                    name, why)};
  };
  if (session.metadata.deleting) return {RestoreStep::Skip, "the RestoreSession is being deleted"};
  if (const auto* own = status.host(host)) {
    if (own->phase == api::RestoreHostPhase::Succeeded)
      return {RestoreStep::Skip, "this host has been restored"};
    if (own->phase == api::RestoreHostPhase::Failed) {
      return refuse(fmt::format("restore of host {} failed: {}", host, own->error));
    }
  }
  if (status.phase == api::RestorePhase::Succeeded)
    return {RestoreStep::Skip, "the RestoreSession has succeeded"};
  if (status.phase == api::RestorePhase::Failed || status.phase == api::RestorePhase::Unknown) {
    return refuse("it has ended without restoring host " + host);
  }
  if (status.phase == api::RestorePhase::Invalid ||
      api::is_false(status.conditions, api::kValidationPassed)) {
    return refuse("it is not valid, see its condition ValidationPassed");
  }
  if (status.session_deadline && *status.session_deadline <= now) {
    return refuse("its deadline has passed before host " + host + " was restored");
  }
  return {RestoreStep::Restore, ""};
}

}  // namespace stash::executor
