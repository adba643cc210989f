// The next step of a BackupSession, read from its state alone.

#include "controller/session_plan.hpp"

#include <gtest/gtest.h>

#include "controller/history.hpp"
#include "stash/api/conditions.hpp"
#include "stash/api/phase.hpp"

namespace stash::controller {
namespace {

using namespace std::chrono_literals;
using api::ConditionStatus;

const TimePoint kStart(std::chrono::seconds(1'700'000'000));

api::BackupSession pending() {
  api::BackupSession session;
  session.metadata.name = "nightly-1";
  session.metadata.created = kStart;
  session.spec.invoker.name = "nightly";
  session.spec.retry_left = 1;
  return session;
}

SessionWorld ready() {
  SessionWorld world;
  world.invoker_exists = world.invoker_ready = world.sidecar = world.rolled_out = true;
  world.total_hosts = 3;
  return world;
}

api::BackupSession running() {
  api::BackupSession session = pending();
  api::BackupTargetStatus& target = session.status.targets.emplace_back();
  target.total_hosts = 3;
  target.post_backup_actions = {"ApplyRetentionPolicy", "VerifyRepositoryIntegrity", "SendRepositoryMetrics"};
  return session;
}

void report(api::BackupSession& session, std::string host, api::HostPhase phase = api::HostPhase::Succeeded) {
  auto& stats = session.status.targets[0].stats.emplace_back();
  stats.hostname = std::move(host);
  stats.phase = phase;
}

void tell(api::BackupSession& session, const api::ConditionType& type, ConditionStatus status,
          TimePoint when) {
  api::set_condition(session.status.conditions, api::condition(type, status, ""), when);
}

TEST(SessionPlan, BeginsOnceTheSidecarIsInThePods) {
  EXPECT_EQ(plan_session(pending(), ready(), kStart).step, SessionStep::Initiate);
  for (bool SessionWorld::*missing : {&SessionWorld::sidecar, &SessionWorld::rolled_out}) {
    SessionWorld world = ready();
    world.*missing = false;
    EXPECT_EQ(plan_session(pending(), world, kStart + 1min).step, SessionStep::Wait);
    world.served = false;
    const SessionPlan plan = plan_session(pending(), world, kStart + kExecutorPatience);
    EXPECT_EQ(plan.step, SessionStep::Disrupt);
    EXPECT_EQ(plan.reason,
              "After 10m0s no pod of the target has a ready sidecar as BackupConfiguration nightly wants it: "
              "see its pods and events.");
  }
}

TEST(SessionPlan, BeginsWithThePodsThatServeWhenPatienceForTheOthersEnds) {
  SessionWorld world = ready();
  world.rolled_out = false;
  EXPECT_EQ(plan_session(pending(), world, kStart + kExecutorPatience).step, SessionStep::Wait)
      << "nobody has looked at the pods yet";
  world.served = true;
  EXPECT_EQ(plan_session(pending(), world, kStart + kExecutorPatience - 1s).step, SessionStep::Wait);
  EXPECT_EQ(plan_session(pending(), world, kStart + kExecutorPatience).step, SessionStep::Initiate);
  world.total_hosts = 0;
  EXPECT_EQ(plan_session(pending(), world, kStart + kExecutorPatience).step, SessionStep::Disrupt);
}

TEST(SessionPlan, AHostWithoutExecutorIsMissedThoughAHookHasFailedItsTarget) {
  api::BackupSession session = running();
  report(session, "host-0");
  api::set_condition(session.status.targets[0].conditions,
                     api::condition(api::kPostBackupHook, ConditionStatus::False, ""), kStart);
  Missing missing;
  missing.hosts = 1;
  EXPECT_TRUE(disruption(session.status.targets[0], missing));
}

TEST(SessionPlan, IsSkippedForAReasonThatIsTold) {
  SessionWorld world = ready();
  world.running = "nightly-0";
  EXPECT_EQ(plan_session(pending(), world, kStart).reason, "BackupSession nightly-0 is still running.");
  world.invoker_ready = false;
  EXPECT_EQ(plan_session(pending(), world, kStart).reason, "BackupConfiguration nightly is not Ready.");
  world.invoker_exists = false;
  const SessionPlan plan = plan_session(pending(), world, kStart);
  EXPECT_EQ(plan.reason, "BackupConfiguration nightly does not exist.");
  EXPECT_EQ(plan.step, SessionStep::Skip);

  api::BackupSession batch = pending();
  batch.spec.invoker.kind = api::InvokerKind::BackupBatch;
  EXPECT_EQ(plan_session(batch, ready(), kStart).step, SessionStep::Skip);
}

TEST(SessionPlan, ASessionThatRunsIsNotSkippedAnyMore) {
  SessionWorld world = ready();
  world.invoker_ready = false;
  world.running = "another";
  EXPECT_EQ(plan_session(running(), world, kStart).step, SessionStep::Wait);
}

TEST(SessionPlan, FailsAtOnceWhenNoExecutorWillCome) {
  SessionWorld world = ready();
  world.sidecar = false;
  world.unservable = "The sidecar serves another.";
  const SessionPlan plan = plan_session(pending(), world, kStart);
  EXPECT_EQ(plan.step, SessionStep::Disrupt);
  EXPECT_EQ(plan.reason, "The sidecar serves another.");
}

TEST(SessionPlan, EndsWhenEveryHostHasReportedAndTheClosingWorkIsTold) {
  api::BackupSession session = running();
  report(session, "host-0");
  report(session, "host-1");
  EXPECT_EQ(plan_session(session, ready(), kStart + 1min).step, SessionStep::Wait);
  report(session, "host-2");
  EXPECT_EQ(plan_session(session, ready(), kStart + 1min).step, SessionStep::Wait);
  tell(session, api::kRetentionPolicyApplied, ConditionStatus::True, kStart);
  tell(session, api::kRepositoryIntegrityVerified, ConditionStatus::False, kStart);
  EXPECT_EQ(plan_session(session, ready(), kStart + 1min).step, SessionStep::Wait);
  tell(session, api::kRepositoryMetricsPushed, ConditionStatus::False, kStart);
  EXPECT_EQ(plan_session(session, ready(), kStart + 1min).step, SessionStep::Finish);
}

api::BackupSession closing() {
  api::BackupSession session = running();
  for (const char* host : {"host-0", "host-1", "host-2"}) report(session, host);
  return session;
}

TEST(SessionPlan, ClosingWorkMayTakeItsTimeWhileAPodIsThereToDoIt) {
  api::BackupSession session = closing();
  tell(session, api::kBackendRepositoryInitialized, ConditionStatus::True, kStart + 5min);
  EXPECT_EQ(plan_session(session, ready(), kStart + 2h).step, SessionStep::Wait);
  tell(session, api::kRetentionPolicyApplied, ConditionStatus::True, kStart + 2h);
  EXPECT_EQ(plan_session(session, ready(), kStart + 5h).step, SessionStep::Wait);
}

TEST(SessionPlan, ClosingWorkThatNobodyIsThereToDoEndsTheSessionInTheEnd) {
  api::BackupSession session = closing();
  SessionWorld world = ready();
  world.missing.nobody = true;
  api::BackupTargetStatus& target = session.status.targets[0];

  const auto lost = disruption(target, world.missing);
  ASSERT_TRUE(lost);
  api::set_condition(target.conditions, *lost, kStart + 2h);
  EXPECT_EQ(plan_session(session, world, kStart + 2h + kClosingPatience - 1s).step, SessionStep::Wait);
  const SessionPlan plan = plan_session(session, world, kStart + 2h + kClosingPatience);
  EXPECT_EQ(plan.step, SessionStep::Finish);
  EXPECT_FALSE(plan.reason.empty());

  const auto back = disruption(target, Missing{});
  ASSERT_TRUE(back);
  EXPECT_EQ(back->status, ConditionStatus::False);
}

TEST(SessionPlan, AnExecutorThatIsThereAndSilentEndsTheSessionInTheEnd) {
  api::BackupSession session = closing();
  tell(session, api::kRetentionPolicyApplied, ConditionStatus::True, kStart + 1h);
  EXPECT_EQ(plan_session(session, ready(), kStart + 1h + kClosingLimit - 1s).step, SessionStep::Wait);
  EXPECT_EQ(plan_session(session, ready(), kStart + 1h + kClosingLimit).step, SessionStep::Finish);
}

TEST(SessionPlan, WhatWasDoneInTimeIsNotJudgedByWhenItIsLookedAt) {
  api::BackupSession session = closing();
  SessionWorld world = ready();
  world.deadline = kStart + 1h;
  EXPECT_TRUE(plan_session(session, world, kStart + 2h).deadline_passed);
  for (const auto* type :
       {&api::kRetentionPolicyApplied, &api::kRepositoryIntegrityVerified, &api::kRepositoryMetricsPushed})
    tell(session, *type, ConditionStatus::True, kStart + 10min);
  const SessionPlan plan = plan_session(session, world, kStart + 2h);
  EXPECT_EQ(plan.step, SessionStep::Finish);
  EXPECT_FALSE(plan.deadline_passed);
}

TEST(SessionPlan, TheDeadlineHoldsInEveryState) {
  SessionWorld world = ready();
  world.deadline = kStart + 1h;
  SessionWorld waiting = world;
  waiting.rolled_out = false;
  for (const auto& [session, w] : {std::pair(pending(), waiting), std::pair(running(), world)}) {
    EXPECT_FALSE(plan_session(session, w, kStart + 1h - 1s).deadline_passed);
    const SessionPlan plan = plan_session(session, w, kStart + 1h);
    EXPECT_EQ(plan.step, SessionStep::Finish);
    EXPECT_TRUE(plan.deadline_passed);
  }
  EXPECT_EQ(plan_session(running(), world, kStart + 1h - 3s).after, 3s);
}

TEST(SessionPlan, ALostExecutorIsWaitedForAndThenTheSessionFails) {
  api::BackupSession session = running();
  SessionWorld world = ready();
  world.missing.hosts = 2;
  EXPECT_EQ(plan_session(session, world, kStart + 1h).step, SessionStep::Wait);
  auto& conditions = session.status.targets[0].conditions;

  const auto lost = disruption(session.status.targets[0], world.missing);
  ASSERT_TRUE(lost);
  EXPECT_EQ(lost->status, ConditionStatus::Unknown);
  api::set_condition(conditions, *lost, kStart + 1h);
  EXPECT_FALSE(disruption(session.status.targets[0], world.missing));
  EXPECT_EQ(plan_session(session, world, kStart + 1h + kExecutorPatience - 1s).step, SessionStep::Wait);
  EXPECT_EQ(plan_session(session, world, kStart + 1h + kExecutorPatience).step, SessionStep::Disrupt);

  world.missing.others_working = true;
  EXPECT_EQ(plan_session(session, world, kStart + 1h + kExecutorPatience).step, SessionStep::Wait);

  const auto back = disruption(session.status.targets[0], Missing{});
  ASSERT_TRUE(back);
  EXPECT_EQ(back->status, ConditionStatus::False);
  api::set_condition(conditions, *back, kStart + 2h);
  EXPECT_FALSE(disruption(session.status.targets[0], Missing{}));
  EXPECT_EQ(api::backup_target_phase(session.status.targets[0]), api::TargetPhase::Running);
}

TEST(SessionPlan, TheEndForWantOfAnExecutorSaysWhyNoneIsComing) {
  api::BackupSession session = running();
  SessionWorld world;
  world.unservable = "Backup target StatefulSet demo/web does not exist.";
  world.missing = missing_hosts(3, session.status.targets[0], {});
  api::set_condition(session.status.targets[0].conditions,
                     *disruption(session.status.targets[0], world.missing), kStart);
  EXPECT_EQ(plan_session(session, world, kStart + kExecutorPatience - 1s).step, SessionStep::Wait);
  const SessionPlan plan = plan_session(session, world, kStart + kExecutorPatience);
  EXPECT_EQ(plan.step, SessionStep::Disrupt);
  EXPECT_EQ(plan.reason, world.unservable);
}

TEST(SessionPlan, AFailedSessionIsTriedAgainAtTheTimeThatWasWritten) {
  api::BackupSession session = running();
  session.status.phase = api::SessionPhase::Failed;
  EXPECT_EQ(plan_session(session, ready(), kStart).step, SessionStep::SetRetry);
  session.status.next_retry = kStart + 5min;
  EXPECT_EQ(plan_session(session, ready(), kStart + 1min).step, SessionStep::WaitRetry);
  EXPECT_EQ(plan_session(session, ready(), kStart + 1min).after, 4min);
  EXPECT_EQ(plan_session(session, ready(), kStart + 5min).step, SessionStep::Retry);
  session.status.retried = true;
  EXPECT_EQ(plan_session(session, ready(), kStart + 5min).step, SessionStep::None);
}

TEST(SessionPlan, OnlyAFailureWithRetriesLeftIsTriedAgain) {
  api::BackupSession session = running();
  session.spec.retry_left = 0;
  session.status.phase = api::SessionPhase::Failed;
  EXPECT_EQ(plan_session(session, ready(), kStart).step, SessionStep::None);
  session.spec.retry_left = 1;
  for (const auto phase : {api::SessionPhase::Succeeded, api::SessionPhase::Skipped}) {
    session.status.phase = phase;
    EXPECT_EQ(plan_session(session, ready(), kStart).step, SessionStep::None);
  }
}

// --- history ---

HistoryEntry entry(std::string name, int age, bool finished = true, bool skipped = false) {
  return {std::move(name), kStart - std::chrono::seconds(age), finished, skipped};
}

using Names = std::vector<std::string>;

TEST(History, KeepsTheNewest) {
  EXPECT_EQ(beyond_history({entry("c", 3), entry("a", 1), entry("b", 2)}, 2), (Names{"c"}));
  EXPECT_EQ(beyond_history({entry("c", 3), entry("a", 1), entry("b", 2)}, 0), (Names{"a", "b", "c"}));
}

TEST(History, KeepsTheLastResultBehindSkippedOnes) {
  EXPECT_EQ(beyond_history({entry("skip", 1, true, true), entry("old", 3), entry("result", 2)}, 1),
            (Names{"old"}));
}

TEST(History, TouchesNothingThatWorks) {
  EXPECT_EQ(beyond_history({entry("works", 1, false), entry("done", 2)}, 1), Names{});
}

}  // namespace
}  // namespace stash::controller
