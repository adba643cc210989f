#include "executor/decide.hpp"

#include <gtest/gtest.h>

#include "stash/api/conditions.hpp"
#include "stash/api/names.hpp"

namespace stash::executor {
namespace {

using namespace std::chrono_literals;

const TimePoint kNow = TimePoint(1'700'000'000s);

HostView view(std::string host = "host-0") {
  HostView v;
  v.invoker_kind = "BackupConfiguration";
  v.invoker_name = "nightly";
  v.target.kind = "StatefulSet";
  v.target.name = "db";
  v.target.ns = "demo";
  v.host = std::move(host);
  return v;
}

/// A session that the operator has prepared for two hosts.
api::BackupSession ready() {
  api::BackupSession session;
  session.metadata.ns = "demo";
  session.metadata.name = "nightly-1";
  session.spec.invoker.name = "nightly";
  session.status.phase = api::SessionPhase::Running;
  api::BackupTargetStatus target;
  target.ref.api_version = "apps/v1";
  target.ref.kind = "StatefulSet";
  target.ref.name = "db";
  target.total_hosts = 2;
  target.pre_backup_actions.emplace_back(api::kInitializeAction);
  target.post_backup_actions = {std::string(api::kRetentionAction), std::string(api::kIntegrityAction)};
  session.status.targets.push_back(target);
  return session;
}

void report(api::BackupSession& session, std::string host, api::HostPhase phase = api::HostPhase::Succeeded) {
  api::HostBackupStats stats;
  stats.hostname = std::move(host);
  stats.phase = phase;
  session.status.targets[0].stats.push_back(stats);
}

void set(std::vector<api::Condition>& conditions, const api::ConditionType& type, bool value) {
  const auto status = value ? api::ConditionStatus::True : api::ConditionStatus::False;
  api::set_condition(conditions, api::condition(type, status, "m"), kNow);
}

BackupStep step(const api::BackupSession& session, std::string host = "host-0") {
  return decide_backup(session, view(std::move(host)), kNow);
}

TEST(DecideBackup, AHostThatHasNotReportedIsBackedUp) {
  auto session = ready();
  EXPECT_EQ(step(session), BackupStep::Backup);
  report(session, "host-1");
  EXPECT_EQ(step(session), BackupStep::Backup);
}

TEST(DecideBackup, SessionsOfOthersAreNoneOfOurs) {
  auto session = ready();
  session.spec.invoker.name = "weekly";
  EXPECT_EQ(step(session), BackupStep::None);
  session = ready();
  session.spec.invoker.kind = api::InvokerKind::BackupBatch;
  EXPECT_EQ(step(session), BackupStep::None);
}

TEST(DecideBackup, WaitsForTheOperator) {
  auto session = ready();
  session.status.targets[0].total_hosts.reset();
  EXPECT_EQ(step(session), BackupStep::Wait);
  session.status.targets.clear();
  EXPECT_EQ(step(session), BackupStep::Wait);
}

TEST(DecideBackup, ATargetOfAnotherNamespaceIsNotOurs) {
  auto session = ready();
  session.status.targets[0].ref.ns = "other";
  EXPECT_EQ(step(session), BackupStep::Wait);
}

TEST(DecideBackup, NothingIsDoneForASessionThatIsOver) {
  for (const auto phase :
       {api::SessionPhase::Succeeded, api::SessionPhase::Failed, api::SessionPhase::Skipped}) {
    auto session = ready();
    session.status.phase = phase;
    EXPECT_EQ(step(session), BackupStep::None);
  }
  auto deleted = ready();
  deleted.metadata.deleting = true;
  EXPECT_EQ(step(deleted), BackupStep::None);
  auto late = ready();
  late.status.session_deadline = kNow;
  EXPECT_EQ(step(late), BackupStep::None);
  late.status.session_deadline = kNow + 1s;
  EXPECT_EQ(step(late), BackupStep::Backup);
}

TEST(DecideBackup, ConditionsThatEndASessionStopIt) {
  auto skipped = ready();
  set(skipped.status.conditions, api::kBackupSkipped, true);
  EXPECT_EQ(step(skipped), BackupStep::None);
  auto hook = ready();
  set(hook.status.conditions, api::kGlobalPreBackupHook, false);
  EXPECT_EQ(step(hook), BackupStep::None);
  auto executor = ready();
  set(executor.status.targets[0].conditions, api::kBackupExecutorEnsured, false);
  EXPECT_EQ(step(executor), BackupStep::None);
}

TEST(DecideBackup, ATargetThatDoesNotInitialiseWaitsForTheOneThatDoes) {
  auto session = ready();
  session.status.targets[0].pre_backup_actions.clear();
  EXPECT_EQ(step(session), BackupStep::Wait);
  set(session.status.conditions, api::kBackendRepositoryInitialized, true);
  EXPECT_EQ(step(session), BackupStep::Backup);
}

TEST(DecideBackup, TheLastHostFinishesEvenAfterAFailure) {
  auto session = ready();
  report(session, "host-0", api::HostPhase::Failed);
  EXPECT_EQ(step(session), BackupStep::Wait);
  report(session, "host-1");
  EXPECT_EQ(step(session), BackupStep::Finish);
  EXPECT_EQ(step(session, "host-1"), BackupStep::Finish);
}

TEST(DecideBackup, AHookThatFailedOnOneHostStopsNoOther) {
  auto session = ready();
  report(session, "host-0", api::HostPhase::Failed);
  set(session.status.targets[0].conditions, api::kPreBackupHook, false);
  EXPECT_EQ(step(session), BackupStep::Wait);
  EXPECT_EQ(step(session, "host-1"), BackupStep::Backup);
}

TEST(DecideBackup, FinishingGoesOnUntilEachActionHasItsCondition) {
  auto session = ready();
  report(session, "host-0");
  report(session, "host-1");
  set(session.status.conditions, api::kRetentionPolicyApplied, false);
  EXPECT_EQ(step(session), BackupStep::Finish);
  set(session.status.conditions, api::kRepositoryIntegrityVerified, true);
  EXPECT_EQ(step(session), BackupStep::None);
}

TEST(DecideBackup, FinishingWaitsForOtherTargets) {
  auto session = ready();
  report(session, "host-0");
  report(session, "host-1");
  api::BackupTargetStatus other;
  other.ref.name = "web";
  other.total_hosts = 1;
  session.status.targets.push_back(other);
  EXPECT_EQ(step(session), BackupStep::Wait);
}

api::RestoreSession restore() {
  api::RestoreSession session;
  session.metadata.ns = "demo";
  session.metadata.name = "r";
  return session;
}

void report(api::RestoreSession& session, std::string host, api::RestoreHostPhase phase) {
  api::HostRestoreStats stats;
  stats.hostname = std::move(host);
  stats.phase = phase;
  stats.error = "disk full";
  session.status.stats.push_back(stats);
}

RestoreStep step(const api::RestoreSession& session) { return decide_restore(session, "host-0", kNow).step; }

TEST(DecideRestore, APendingSessionIsRestored) {
  auto session = restore();
  EXPECT_EQ(step(session), RestoreStep::Restore);
  session.status.phase = api::RestorePhase::Running;
  report(session, "host-1", api::RestoreHostPhase::Failed);
  report(session, "host-0", api::RestoreHostPhase::Running);
  EXPECT_EQ(step(session), RestoreStep::Restore);
}

TEST(DecideRestore, WhatIsDoneIsSkipped) {
  auto own = restore();
  report(own, "host-0", api::RestoreHostPhase::Succeeded);
  own.status.phase = api::RestorePhase::Failed;
  EXPECT_EQ(step(own), RestoreStep::Skip);
  auto all = restore();
  all.status.phase = api::RestorePhase::Succeeded;
  EXPECT_EQ(step(all), RestoreStep::Skip);
  auto deleted = restore();
  deleted.metadata.deleting = true;
  report(deleted, "host-0", api::RestoreHostPhase::Failed);
  EXPECT_EQ(step(deleted), RestoreStep::Skip);
}

TEST(DecideRestore, AFailedHostStaysRefusedAndSaysWhatToDo) {
  auto session = restore();
  report(session, "host-0", api::RestoreHostPhase::Failed);

  const auto decision = decide_restore(session, "host-0", kNow);

  EXPECT_EQ(decision.step, RestoreStep::Refuse);
  EXPECT_NE(decision.reason.find("disk full"), std::string::npos);
  EXPECT_NE(decision.reason.find("delete the RestoreSession"), std::string::npos);
}

TEST(DecideRestore, ASessionThatEndedWithoutThisHostIsRefused) {
  for (const auto phase :
       {api::RestorePhase::Failed, api::RestorePhase::Unknown, api::RestorePhase::Invalid}) {
    auto session = restore();
    session.status.phase = phase;
    EXPECT_EQ(step(session), RestoreStep::Refuse);
  }
  auto late = restore();
  late.status.session_deadline = kNow;
  EXPECT_EQ(step(late), RestoreStep::Refuse);
}

}  // namespace
}  // namespace stash::executor
