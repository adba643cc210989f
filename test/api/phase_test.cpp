#include "stash/api/phase.hpp"

#include <gtest/gtest.h>

#include "stash/api/conditions.hpp"

namespace stash::api {
namespace {

using Status = ConditionStatus;

const TimePoint kThen = parse_time("2026-11-23T10:00:00Z").value();
const TimePoint kNow = parse_time("2026-11-23T11:00:00Z").value();

struct Set {
  const ConditionType& type;
  Status status;
};

std::vector<Condition> conditions(std::initializer_list<Set> sets) {
  std::vector<Condition> out;
  for (const Set& set : sets) set_condition(out, condition(set.type, set.status, "why"), kThen);
  return out;
}

TEST(Conditions, CarryTheReasonOfTheirStatus) {
  const Condition found = condition(kRepositoryFound, Status::Unknown, "no answer", 3);
  EXPECT_EQ(found.type, "RepositoryFound");
  EXPECT_EQ(found.reason, "UnableToCheckRepositoryAvailability");
  EXPECT_EQ(found.message, "no answer");
  EXPECT_EQ(found.observed_generation, 3);
  EXPECT_EQ(condition(kRepositoryFound, Status::True, "").reason, "RepositoryAvailable");
  EXPECT_EQ(condition(kRepositoryFound, Status::False, "").reason, "RepositoryNotAvailable");
}

TEST(Conditions, ChangeOnlyWhenTheyTellSomethingNew) {
  auto list = conditions({{kRepositoryFound, Status::True}, {kCronJobCreated, Status::True}});

  EXPECT_FALSE(set_condition(list, condition(kRepositoryFound, Status::True, "why"), kNow));
  EXPECT_EQ(list[0].last_transition_time, kThen);
  EXPECT_TRUE(set_condition(list, condition(kRepositoryFound, Status::True, "other words"), kNow));
  EXPECT_EQ(list[0].last_transition_time, kNow);
  EXPECT_TRUE(set_condition(list, condition(kRepositoryFound, Status::False, "other words"), kNow));
  EXPECT_TRUE(is_false(list, kRepositoryFound));
  EXPECT_TRUE(set_condition(list, condition(kValidationPassed, Status::True, ""), kNow));
  EXPECT_EQ(list.size(), 3u);
  EXPECT_EQ(find_condition(list, kBackupSkipped), nullptr);
}

TEST(Conditions, AreWrittenAsKubernetesReadsThem) {
  EXPECT_EQ(to_json(conditions({{kRepositoryFound, Status::True}})),
            R"([{"type":"RepositoryFound","status":"True","lastTransitionTime":"2026-11-23T10:00:00Z",)"
            R"("reason":"RepositoryAvailable","message":"why"}])");
}

TEST(ConfigurationPhase, FollowsItsConditionsInOrder) {
  const auto phase = [](std::initializer_list<Set> sets, Driver driver = Driver::Restic) {
    return backup_configuration_phase(conditions(sets), driver);
  };
  const Set found{kRepositoryFound, Status::True};
  const Set secret{kBackendSecretFound, Status::True};
  const Set valid{kValidationPassed, Status::True};
  const Set invalid{kValidationPassed, Status::False};
  const Set cron{kCronJobCreated, Status::True};

  EXPECT_EQ(phase({}), InvokerPhase::NotReady);
  EXPECT_EQ(phase({found, secret, valid, cron}), InvokerPhase::Ready);
  EXPECT_EQ(phase({{kRepositoryFound, Status::False}, invalid}), InvokerPhase::NotReady);
  EXPECT_EQ(phase({found, {kBackendSecretFound, Status::Unknown}, valid, cron}), InvokerPhase::NotReady);
  EXPECT_EQ(phase({found, secret, invalid, cron}), InvokerPhase::Invalid);
  EXPECT_EQ(phase({invalid}), InvokerPhase::Invalid);
  EXPECT_EQ(phase({found, secret, valid}), InvokerPhase::NotReady);
  EXPECT_EQ(phase({found, secret, valid, {kCronJobCreated, Status::False}}), InvokerPhase::NotReady);
  EXPECT_EQ(phase({valid, cron}), InvokerPhase::NotReady);
  EXPECT_EQ(phase({valid, cron}, Driver::VolumeSnapshotter), InvokerPhase::Ready);
  EXPECT_EQ(phase({found, secret, valid, cron, {kBackupTargetFound, Status::False}}), InvokerPhase::Ready);
}

BackupTargetStatus target(std::optional<std::int32_t> hosts, std::initializer_list<HostPhase> reports,
                          std::initializer_list<Set> sets = {}) {
  BackupTargetStatus out;
  out.total_hosts = hosts;
  for (const HostPhase phase : reports) out.stats.emplace_back().phase = phase;
  out.conditions = conditions(sets);
  return out;
}

TEST(TargetPhase, CountsTheHosts) {
  using enum HostPhase;
  EXPECT_EQ(backup_target_phase(target({}, {})), TargetPhase::Pending);
  EXPECT_EQ(backup_target_phase(target(2, {})), TargetPhase::Running);
  EXPECT_EQ(backup_target_phase(target(2, {Succeeded})), TargetPhase::Running);
  EXPECT_EQ(backup_target_phase(target(2, {Succeeded, Unset})), TargetPhase::Running);
  EXPECT_EQ(backup_target_phase(target(2, {Failed})), TargetPhase::Running);
  EXPECT_EQ(backup_target_phase(target(2, {Succeeded, Succeeded})), TargetPhase::Succeeded);
  EXPECT_EQ(backup_target_phase(target(2, {Succeeded, Failed})), TargetPhase::Failed);
  EXPECT_EQ(backup_target_phase(target(2, {Succeeded, Succeeded, Succeeded})), TargetPhase::Succeeded);
}

TEST(TargetPhase, IsNoSuccessWithoutAHost) {
  EXPECT_EQ(backup_target_phase(target(0, {})), TargetPhase::Pending);
}

TEST(TargetPhase, FailsByExecutorHookOrDisruption) {
  EXPECT_EQ(backup_target_phase(target({}, {}, {{kBackupExecutorEnsured, Status::False}})),
            TargetPhase::Failed);
  EXPECT_EQ(backup_target_phase(target(1, {}, {{kPreBackupHook, Status::False}})), TargetPhase::Failed);
  EXPECT_EQ(backup_target_phase(target(1, {HostPhase::Succeeded}, {{kPostBackupHook, Status::False}})),
            TargetPhase::Failed);
  EXPECT_EQ(backup_target_phase(target(1, {}, {{kBackupDisrupted, Status::True}})), TargetPhase::Failed);
  EXPECT_EQ(backup_target_phase(target(1, {}, {{kBackupExecutorEnsured, Status::True}})),
            TargetPhase::Running);
}

TEST(TargetPhase, IsFinishedWhenNobodyIsWaitedFor) {
  using enum HostPhase;
  EXPECT_FALSE(is_finished(target({}, {})));
  EXPECT_FALSE(is_finished(target(2, {Failed}, {{kPreBackupHook, Status::False}})));
  EXPECT_FALSE(is_finished(target(2, {Succeeded, Unset}, {{kPostBackupHook, Status::False}})));
  EXPECT_TRUE(is_finished(target(2, {Failed, Succeeded}, {{kPreBackupHook, Status::False}})));
  EXPECT_TRUE(is_finished(target({}, {}, {{kBackupExecutorEnsured, Status::False}})));
  EXPECT_TRUE(is_finished(target(2, {}, {{kBackupDisrupted, Status::True}})));
  EXPECT_FALSE(is_finished(target(2, {}, {{kBackupDisrupted, Status::Unknown}})));
}

SessionPhase session(std::initializer_list<BackupTargetStatus> targets,
                     std::initializer_list<Set> sets = {}) {
  BackupSessionStatus status;
  status.targets = targets;
  status.conditions = conditions(sets);
  return backup_session_phase(status);
}

const Set kPushed{kMetricsPushed, Status::True};
const BackupTargetStatus kGood = target(1, {HostPhase::Succeeded});
const BackupTargetStatus kBad = target(1, {HostPhase::Failed});
const BackupTargetStatus kIdle = target({}, {});

TEST(SessionPhase, IsPendingUntilATargetBegins) {
  EXPECT_EQ(session({}), SessionPhase::Pending);
  EXPECT_EQ(session({kIdle}), SessionPhase::Pending);
  EXPECT_EQ(session({kIdle, target(1, {})}), SessionPhase::Running);
}

TEST(SessionPhase, IsFinalOnlyOnceMetricsWereTried) {
  EXPECT_EQ(session({kGood}), SessionPhase::Running);
  EXPECT_EQ(session({kGood}, {kPushed}), SessionPhase::Succeeded);
  EXPECT_EQ(session({kGood, kBad}, {kPushed}), SessionPhase::Failed);
  EXPECT_EQ(session({kGood, kIdle}, {kPushed}), SessionPhase::Running);
}

TEST(SessionPhase, WaitsForTheOtherHostsOfAHookThatFailed) {
  const auto hooked = [](std::initializer_list<HostPhase> reports) {
    return target(2, reports, {{kPostBackupHook, Status::False}});
  };
  EXPECT_EQ(session({hooked({HostPhase::Failed})}, {kPushed}), SessionPhase::Running);
  EXPECT_EQ(session({hooked({HostPhase::Failed, HostPhase::Succeeded})}, {kPushed}), SessionPhase::Failed);
}

TEST(SessionPhase, DoesNotFailForAPushgatewayThatIsDown) {
  EXPECT_EQ(session({kGood}, {{kMetricsPushed, Status::False}}), SessionPhase::Succeeded);
  EXPECT_EQ(session({kGood}, {kPushed, {kRepositoryMetricsPushed, Status::False}}), SessionPhase::Succeeded);
  EXPECT_EQ(session({kBad}, {{kMetricsPushed, Status::False}}), SessionPhase::Failed);
}

TEST(SessionPhase, FailsByRetentionCheckHistoryHookAndDeadline) {
  EXPECT_EQ(session({kGood}, {kPushed, {kRetentionPolicyApplied, Status::False}}), SessionPhase::Failed);
  EXPECT_EQ(session({kGood}, {kPushed, {kRepositoryIntegrityVerified, Status::False}}), SessionPhase::Failed);
  EXPECT_EQ(session({kGood}, {kPushed, {kBackupHistoryCleaned, Status::False}}), SessionPhase::Failed);
  EXPECT_EQ(session({kIdle}, {kPushed, {kGlobalPreBackupHook, Status::False}}), SessionPhase::Failed);
  EXPECT_EQ(session({kGood}, {kPushed, {kGlobalPostBackupHook, Status::False}}), SessionPhase::Failed);
  EXPECT_EQ(session({kIdle}, {kPushed, {kDeadlineExceeded, Status::True}}), SessionPhase::Failed);
  EXPECT_EQ(session({target(1, {})}, {{kDeadlineExceeded, Status::True}}), SessionPhase::Running);
}

TEST(SessionPhase, IsSkippedWhateverElseIsKnown) {
  EXPECT_EQ(session({kIdle}, {{kBackupSkipped, Status::True}}), SessionPhase::Skipped);
  EXPECT_EQ(session({}, {kPushed, {kBackupSkipped, Status::True}}), SessionPhase::Skipped);
}

RestorePhase restored(std::optional<std::int32_t> hosts, std::initializer_list<RestoreHostPhase> reports,
                      std::initializer_list<Set> sets) {
  RestoreSessionStatus status;
  status.total_hosts = hosts;
  for (const RestoreHostPhase phase : reports) status.stats.emplace_back().phase = phase;
  status.conditions = conditions(sets);
  return restore_session_phase(status);
}

TEST(RestorePhase, FollowsHostsAndConditions) {
  using enum RestoreHostPhase;
  const Set found{kRestoreTargetFound, Status::True};
  EXPECT_EQ(restored({}, {}, {}), RestorePhase::Pending);
  EXPECT_EQ(restored({}, {}, {{kRepositoryFound, Status::False}}), RestorePhase::Pending);
  EXPECT_EQ(restored(1, {}, {{kRestoreTargetFound, Status::False}}), RestorePhase::Pending);
  EXPECT_EQ(restored(2, {Succeeded}, {found}), RestorePhase::Running);
  const Set in_doubt{kRestoreCompleted, Status::Unknown};
  const Set given_up{kRestoreCompleted, Status::False};
  EXPECT_EQ(restored(2, {Failed}, {found, in_doubt}), RestorePhase::Running);
  EXPECT_EQ(restored(2, {Failed}, {found, given_up, kPushed}), RestorePhase::Failed);
  EXPECT_EQ(restored(2, {Failed, Unknown}, {found, given_up, kPushed}), RestorePhase::Unknown);
  EXPECT_EQ(restored(2, {Succeeded, Running}, {found, kPushed}), RestorePhase::Running);
  EXPECT_EQ(restored(1, {Succeeded}, {found}), RestorePhase::Running);
  EXPECT_EQ(restored(1, {Succeeded}, {found, kPushed}), RestorePhase::Succeeded);
  EXPECT_EQ(restored(1, {Succeeded}, {found, {kMetricsPushed, Status::False}}), RestorePhase::Succeeded);
  EXPECT_EQ(restored(2, {Succeeded, Failed}, {found, kPushed}), RestorePhase::Failed);
  EXPECT_EQ(restored(2, {Unknown, Failed}, {found, kPushed}), RestorePhase::Unknown);
  const Set hook_failed{kPostRestoreHook, Status::False};
  EXPECT_EQ(restored(2, {Failed}, {found, kPushed, hook_failed}), RestorePhase::Running);
  EXPECT_EQ(restored(2, {Failed, Succeeded}, {found, kPushed, hook_failed}), RestorePhase::Failed);
  EXPECT_EQ(restored(2, {Failed}, {found, given_up, kPushed, hook_failed}), RestorePhase::Failed);
  EXPECT_EQ(restored({}, {}, {kPushed, {kDeadlineExceeded, Status::True}}), RestorePhase::Failed);
}

TEST(RestorePhase, TellsThatValidationFailed) {
  EXPECT_EQ(restored({}, {}, {{kValidationPassed, Status::False}}), RestorePhase::Invalid);
}

}  // namespace
}  // namespace stash::api
