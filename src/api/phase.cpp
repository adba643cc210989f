#include "stash/api/phase.hpp"

#include <algorithm>

#include "stash/api/conditions.hpp"

namespace stash::api {
namespace {

using Conditions = std::vector<Condition>;

/// False or Unknown.
bool is_missing(const Conditions& conditions, const ConditionType& type) {
  return is_false(conditions, type) || has_condition(conditions, type, ConditionStatus::Unknown);
}

bool is_complete(const Conditions& conditions) {
  return find_condition(conditions, kMetricsPushed) != nullptr;
}

bool has_no_executor(const BackupTargetStatus& target) {
  return is_false(target.conditions, kBackupExecutorEnsured) || is_true(target.conditions, kBackupDisrupted);
}

bool all_hosts_reported(const BackupTargetStatus& target) {
  const auto reported = std::count_if(target.stats.begin(), target.stats.end(),
                                      [](const auto& host) { return host.phase != HostPhase::Unset; });
  return target.total_hosts.value_or(0) >= 1 && reported >= *target.total_hosts;
}

}  // namespace

InvokerPhase backup_configuration_phase(const Conditions& conditions, Driver driver) {
  if (is_missing(conditions, kRepositoryFound) || is_missing(conditions, kBackendSecretFound))
    return InvokerPhase::NotReady;
  if (is_false(conditions, kValidationPassed)) return InvokerPhase::Invalid;
  const bool backend_found =
      driver == Driver::VolumeSnapshotter ||
      (is_true(conditions, kRepositoryFound) && is_true(conditions, kBackendSecretFound));
  const bool ready =
      is_true(conditions, kValidationPassed) && is_true(conditions, kCronJobCreated) && backend_found;
  return ready ? InvokerPhase::Ready : InvokerPhase::NotReady;
}

TargetPhase backup_target_phase(const BackupTargetStatus& target) {
  if (has_no_executor(target) || is_false(target.conditions, kPreBackupHook) ||
      is_false(target.conditions, kPostBackupHook))
    return TargetPhase::Failed;
  if (target.total_hosts.value_or(0) < 1) return TargetPhase::Pending;
  if (!all_hosts_reported(target)) return TargetPhase::Running;
  const bool failed = std::any_of(target.stats.begin(), target.stats.end(),
                                  [](const auto& host) { return host.phase == HostPhase::Failed; });
  return failed ? TargetPhase::Failed : TargetPhase::Succeeded;
}

bool is_finished(const BackupTargetStatus& target) {
  return has_no_executor(target) || all_hosts_reported(target);
}

bool all_targets_finished(const BackupSessionStatus& status) {
  return !status.targets.empty() && std::all_of(status.targets.begin(), status.targets.end(),
                                                [](const auto& target) { return is_finished(target); });
}

SessionPhase backup_session_phase(const BackupSessionStatus& status) {
  const Conditions& conditions = status.conditions;
  if (is_true(conditions, kBackupSkipped)) return SessionPhase::Skipped;
  const bool complete = is_complete(conditions);
  if (complete && (is_true(conditions, kDeadlineExceeded) || is_false(conditions, kBackupHistoryCleaned) ||
                   is_false(conditions, kGlobalPreBackupHook) || is_false(conditions, kGlobalPostBackupHook)))
    return SessionPhase::Failed;
  const auto any = [&](TargetPhase phase) {
    return std::any_of(status.targets.begin(), status.targets.end(),
                       [&](const auto& target) { return backup_target_phase(target) == phase; });
  };
  if (!any(TargetPhase::Running) && !any(TargetPhase::Succeeded) && !any(TargetPhase::Failed))
    return SessionPhase::Pending;
  if (!complete || !all_targets_finished(status)) return SessionPhase::Running;
  const bool failed = any(TargetPhase::Failed) || is_false(conditions, kRetentionPolicyApplied) ||
                      is_false(conditions, kRepositoryIntegrityVerified);
  return failed ? SessionPhase::Failed : SessionPhase::Succeeded;
}

RestorePhase restore_target_phase(const RestoreSessionStatus& status) {
  if (is_false(status.conditions, kRestoreExecutorEnsured)) return RestorePhase::Failed;
  if (status.total_hosts.value_or(0) < 1 || is_missing(status.conditions, kRestoreTargetFound))
    return RestorePhase::Pending;
  const auto count = [&](RestoreHostPhase phase) {
    return std::count_if(status.stats.begin(), status.stats.end(),
                         [&](const auto& host) { return host.phase == phase; });
  };
  const auto failed = count(RestoreHostPhase::Failed);
  const auto unknown = count(RestoreHostPhase::Unknown);
  if (failed + unknown + count(RestoreHostPhase::Succeeded) < *status.total_hosts)
    return is_false(status.conditions, kRestoreCompleted) ? RestorePhase::Failed : RestorePhase::Running;
  if (unknown > 0) return RestorePhase::Unknown;
  const bool hook_failed =
      is_false(status.conditions, kPreRestoreHook) || is_false(status.conditions, kPostRestoreHook);
  return failed > 0 || hook_failed ? RestorePhase::Failed : RestorePhase::Succeeded;
}

RestorePhase restore_session_phase(const RestoreSessionStatus& status) {
  const Conditions& conditions = status.conditions;
  const bool complete = is_complete(conditions);
  if (complete && is_true(conditions, kDeadlineExceeded)) return RestorePhase::Failed;
  if (is_false(conditions, kValidationPassed)) return RestorePhase::Invalid;
  const RestorePhase target = restore_target_phase(status);
  if (target == RestorePhase::Running) return RestorePhase::Running;
  if (target == RestorePhase::Pending || is_missing(conditions, kRepositoryFound) ||
      is_missing(conditions, kBackendSecretFound))
    return RestorePhase::Pending;
  return complete ? target : RestorePhase::Running;
}

}  // namespace stash::api
