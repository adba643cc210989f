#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "stash/api/types.hpp"

/// Conditions: the memory of every state machine. Types and reasons are part of the API; messages are for
/// people and keep the shape "Repository ns/name ...", "Backend Secret ns/name ...", "Backup target Kind
/// ns/name ...".
namespace stash::api {

/// A type of condition and its reason for each status ("" where a status is never set).
struct ConditionType {
  std::string_view name;
  std::string_view when_true;
  std::string_view when_false;
  std::string_view when_unknown = "";
};

// Invokers: BackupConfiguration and RestoreSession.
inline constexpr ConditionType kRepositoryFound{"RepositoryFound", "RepositoryAvailable",
                                                "RepositoryNotAvailable",
                                                "UnableToCheckRepositoryAvailability"};
inline constexpr ConditionType kBackendSecretFound{"BackendSecretFound", "BackendSecretAvailable",
                                                   "BackendSecretNotAvailable",
                                                   "UnableToCheckBackendSecretAvailability"};
inline constexpr ConditionType kValidationPassed{"ValidationPassed", "ResourceValidationPassed",
                                                 "ResourceValidationFailed"};
inline constexpr ConditionType kBackupTargetFound{"BackupTargetFound", "TargetAvailable",
                                                  "TargetNotAvailable", "UnableToCheckTargetAvailability"};
inline constexpr ConditionType kSidecarInjected{"StashSidecarInjected", "SidecarInjectionSucceeded",
                                                "SidecarInjectionFailed"};
inline constexpr ConditionType kCronJobCreated{"CronJobCreated", "CronJobCreationSucceeded",
                                               "CronJobCreationFailed"};

// BackupSession, the session as a whole.
inline constexpr ConditionType kBackendRepositoryInitialized{
    "BackendRepositoryInitialized", "BackendRepositoryFound", "FailedToInitializeBackendRepository"};
inline constexpr ConditionType kGlobalPreBackupHook{"GlobalPreBackupHookSucceeded",
                                                    "GlobalPreBackupHookExecutedSuccessfully",
                                                    "GlobalPreBackupHookExecutionFailed"};
inline constexpr ConditionType kGlobalPostBackupHook{"GlobalPostBackupHookSucceeded",
                                                     "GlobalPostBackupHookExecutedSuccessfully",
                                                     "GlobalPostBackupHookExecutionFailed"};
inline constexpr ConditionType kRetentionPolicyApplied{
    "RetentionPolicyApplied", "SuccessfullyAppliedRetentionPolicy", "FailedToApplyRetentionPolicy"};
inline constexpr ConditionType kRepositoryIntegrityVerified{"RepositoryIntegrityVerified",
                                                            "SuccessfullyVerifiedRepositoryIntegrity",
                                                            "FailedToVerifyRepositoryIntegrity"};
inline constexpr ConditionType kRepositoryMetricsPushed{
    "RepositoryMetricsPushed", "SuccessfullyPushedRepositoryMetrics", "FailedToPushRepositoryMetrics"};
inline constexpr ConditionType kBackupHistoryCleaned{
    "BackupHistoryCleaned", "SuccessfullyCleanedBackupHistory", "FailedToCleanBackupHistory"};
/// The last act of a session, True or False: its presence is what makes a session final.
inline constexpr ConditionType kMetricsPushed{"MetricsPushed", "SuccessfullyPushedMetrics",
                                              "FailedToPushMetrics"};
inline constexpr ConditionType kDeadlineExceeded{"DeadlineExceeded", "FailedToCompleteWithinDeadline", ""};
inline constexpr ConditionType kBackupSkipped{"BackupSkipped", "SkippedTakingNewBackup", ""};

// BackupSession, one target.
inline constexpr ConditionType kBackupExecutorEnsured{
    "BackupExecutorEnsured", "SuccessfullyEnsuredBackupExecutor", "FailedToEnsureBackupExecutor"};
inline constexpr ConditionType kPreBackupHook{
    "PreBackupHookExecutionSucceeded", "SuccessfullyExecutedPreBackupHook", "FailedToExecutePreBackupHook"};
inline constexpr ConditionType kPostBackupHook{"PostBackupHookExecutionSucceeded",
                                               "SuccessfullyExecutedPostBackupHook",
                                               "FailedToExecutePostBackupHook"};
inline constexpr ConditionType kBackupDisrupted{"BackupDisrupted", "FailedToCompleteDueToDisruption", ""};

// RestoreSession.
inline constexpr ConditionType kRestoreTargetFound{"RestoreTargetFound", "TargetAvailable",
                                                   "TargetNotAvailable", "UnableToCheckTargetAvailability"};
inline constexpr ConditionType kInitContainerInjected{
    "StashInitContainerInjected", "InitContainerInjectionSucceeded", "InitContainerInjectionFailed"};
inline constexpr ConditionType kRestoreJobCreated{"RestoreJobCreated", "RestoreJobCreationSucceeded",
                                                  "RestoreJobCreationFailed"};
inline constexpr ConditionType kRestoreExecutorEnsured{
    "RestoreExecutorEnsured", "SuccessfullyEnsuredRestoreExecutor", "FailedToEnsureRestoreExecutor"};
inline constexpr ConditionType kRestoreCompleted{"RestoreCompleted", "PostRestoreTasksExecuted",
                                                 "PostRestoreTasksNotExecuted"};
inline constexpr ConditionType kPreRestoreHook{"PreRestoreHookExecutionSucceeded",
                                               "SuccessfullyExecutedPreRestoreHook",
                                               "FailedToExecutePreRestoreHook"};
inline constexpr ConditionType kPostRestoreHook{"PostRestoreHookExecutionSucceeded",
                                                "SuccessfullyExecutedPostRestoreHook",
                                                "FailedToExecutePostRestoreHook"};

/// A condition with the reason that its type has for `status`; lastTransitionTime is set by set_condition().
Condition condition(const ConditionType& type, ConditionStatus status, std::string message,
                    std::int64_t observed_generation = 0);

/// Puts `next` in the list. Nothing happens, and the answer is false, when the entry of its type has the same
/// status, reason and message; else it is replaced or appended with lastTransitionTime `now`.
bool set_condition(std::vector<Condition>& conditions, Condition next, TimePoint now);

/// Null when the type is not in the list.
const Condition* find_condition(const std::vector<Condition>& conditions, const ConditionType& type);
bool has_condition(const std::vector<Condition>& conditions, const ConditionType& type,
                   ConditionStatus status);
inline bool is_true(const std::vector<Condition>& conditions, const ConditionType& type) {
  return has_condition(conditions, type, ConditionStatus::True);
}
inline bool is_false(const std::vector<Condition>& conditions, const ConditionType& type) {
  return has_condition(conditions, type, ConditionStatus::False);
}

/// The whole list as a JSON array, as a status patch holds it.
std::string to_json(const std::vector<Condition>& conditions);

}  // namespace stash::api
