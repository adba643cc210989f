// BackupSessions: the whole operator against an API server in memory; tests play
// executors.

#include "controller/cluster.hpp"

namespace stash::controller {
namespace {

using namespace std::chrono_literals;
using test::Cluster;
using test::get_ready;
using test::with_cluster;

/// Plays the executor of a session that goes well.
Task<void> back_up(Cluster& c, std::string name) {
  c.report(name, {"host-0"});
  c.close(name);
  co_await c.settle();
}

TEST(Sessions, GoFromPendingToSucceeded) {
  with_cluster([](Cluster& c) -> Task<void> {
    co_await get_ready(c);
    c.put_session();
    co_await c.settle();
    api::BackupSession session = c.session("nightly-1");
    EXPECT_EQ(session.status.phase, api::SessionPhase::Running);
    EXPECT_EQ(session.status.targets.size(), 1u);
    const api::BackupTargetStatus& target = session.status.targets[0];
    EXPECT_EQ(target.ref.name, "web");
    EXPECT_EQ(target.total_hosts, 1);
    EXPECT_EQ(target.phase, api::TargetPhase::Running);
    EXPECT_EQ(target.pre_backup_actions, std::vector<std::string>{"InitializeBackendRepository"});
    EXPECT_EQ(target.post_backup_actions,
              (std::vector<std::string>{"ApplyRetentionPolicy", "VerifyRepositoryIntegrity",
                                        "SendRepositoryMetrics"}));
    EXPECT_TRUE(api::is_true(target.conditions, api::kBackupExecutorEnsured));

    co_await c.pass(90s, 30s);
    c.report("nightly-1", {"host-0"});
    co_await c.settle();
    EXPECT_EQ(c.phase(api::kBackupSession, "nightly-1"), "Running");
    c.close("nightly-1");
    co_await c.settle();

    session = c.session("nightly-1");
    EXPECT_EQ(session.status.phase, api::SessionPhase::Succeeded);
    EXPECT_EQ(session.status.session_duration, "1m30s");
    EXPECT_EQ(session.status.targets[0].phase, api::TargetPhase::Succeeded);
    EXPECT_TRUE(api::is_true(session.status.conditions, api::kMetricsPushed));
    EXPECT_TRUE(api::is_true(session.status.conditions, api::kBackupHistoryCleaned));
    EXPECT_TRUE(c.has_event("Backup Session Succeeded"));
    EXPECT_EQ(c.rollouts(), 1);
  });
}

TEST(Sessions, AFailedHostFailsTheSession) {
  with_cluster([](Cluster& c) -> Task<void> {
    co_await get_ready(c);
    c.put_session();
    co_await c.settle();
    c.report("nightly-1", {"host-0"}, "Failed");
    c.close("nightly-1");
    co_await c.settle();
    EXPECT_EQ(c.phase(api::kBackupSession, "nightly-1"), "Failed");
    EXPECT_TRUE(c.has_event("Backup Session Failed"));
  });
}

TEST(Sessions, AreSkippedWithAReason) {
  with_cluster([](Cluster& c) -> Task<void> {
    co_await get_ready(c);
    c.put_session("nightly-1");
    co_await c.settle();
    c.put_session("nightly-2");
    c.put_session("stray-1", 0, "nobody");
    co_await c.settle();
    EXPECT_EQ(c.phase(api::kBackupSession, "nightly-1"), "Running");
    EXPECT_EQ(c.phase(api::kBackupSession, "nightly-2"), "Skipped");
    EXPECT_EQ(c.message(api::kBackupSession, "nightly-2", api::kBackupSkipped),
              "BackupSession nightly-1 is still running.");
    EXPECT_EQ(c.condition(api::kBackupSession, "nightly-2", api::kMetricsPushed), "");
    EXPECT_EQ(c.phase(api::kBackupSession, "stray-1"), "Skipped");

    co_await back_up(c, "nightly-1");
    c.api.erase(kube::kSecret, {"demo", "cred"});
    c.api.edit(kube::kDeployment, c.web, R"({"spec":{"replicas":1},"status":{"readyReplicas":0}})");
    co_await c.settle();
    EXPECT_EQ(c.phase(api::kBackupConfiguration, "nightly"), "NotReady");
    c.put_session("nightly-3");
    co_await c.settle();
    EXPECT_EQ(c.message(api::kBackupSession, "nightly-3", api::kBackupSkipped),
              "BackupConfiguration nightly is not Ready.");
  });
}

TEST(Sessions, OfAPausedConfigurationRunWhenSomebodyAsks) {
  with_cluster([](Cluster& c) -> Task<void> {
    co_await get_ready(c);
    c.api.edit(api::kBackupConfiguration, {"demo", "nightly"},
               R"({"metadata":{"generation":2},"spec":{"paused":true}})");
    co_await c.settle();
    c.put_session();
    co_await c.settle();
    EXPECT_EQ(c.phase(api::kBackupSession, "nightly-1"), "Running");
  });
}

TEST(Sessions, WaitForPodsThatRunTheSidecar) {
  with_cluster([](Cluster& c) -> Task<void> {
    c.put_all();
    co_await c.start();
    c.put_session();
    co_await c.settle();
    EXPECT_EQ(c.phase(api::kBackupSession, "nightly-1"), "Pending");
    c.roll_out();
    co_await c.settle();
    EXPECT_EQ(c.phase(api::kBackupSession, "nightly-1"), "Running");
  });
}

TEST(Sessions, FailWhenNoPodEverRunsTheSidecar) {
  with_cluster([](Cluster& c) -> Task<void> {
    c.put_all();
    co_await c.start();
    c.put_session();
    co_await c.pass(9min, 30s);
    EXPECT_EQ(c.phase(api::kBackupSession, "nightly-1"), "Pending");
    co_await c.pass(90s, 30s);
    EXPECT_EQ(c.phase(api::kBackupSession, "nightly-1"), "Failed");
    EXPECT_TRUE(
        api::is_false(c.session("nightly-1").status.targets[0].conditions, api::kBackupExecutorEnsured));
  });
}

TEST(Sessions, OfAConfigurationWithoutTheSidecarFailAtOnce) {
  with_cluster([](Cluster& c) -> Task<void> {
    co_await get_ready(c);
    c.timers.advance(1min);
    c.put_configuration("weekly");
    co_await c.settle();
    c.roll_out();
    co_await c.settle();
    c.put_session();
    co_await c.settle();
    EXPECT_EQ(c.phase(api::kBackupSession, "nightly-1"), "Failed");
    const api::BackupSession failed = c.session("nightly-1");
    const auto* why = api::find_condition(failed.status.targets[0].conditions, api::kBackupExecutorEnsured);
    EXPECT_NE(why->message.find("serves BackupConfiguration weekly"), std::string::npos) << why->message;
  });
}

TEST(Sessions, EndAtTheirDeadline) {
  with_cluster([](Cluster& c) -> Task<void> {
    c.put_all();
    c.put_configuration("nightly", R"("timeOut":"10m",)");
    co_await c.start();
    c.roll_out();
    co_await c.settle();
    c.put_session();
    co_await c.settle();
    EXPECT_EQ(c.session("nightly-1").status.session_deadline,
              *c.session("nightly-1").metadata.created + 10min);
    co_await c.pass(10min - 1s, 30s);
    EXPECT_EQ(c.phase(api::kBackupSession, "nightly-1"), "Running");
    co_await c.pass(2s, 1s);
    EXPECT_EQ(c.phase(api::kBackupSession, "nightly-1"), "Failed");
    EXPECT_EQ(c.condition(api::kBackupSession, "nightly-1", api::kDeadlineExceeded),
              "True FailedToCompleteWithinDeadline");
    EXPECT_NE(c.message(api::kBackupSession, "nightly-1", api::kDeadlineExceeded).find("10m0s"),
              std::string::npos);
  });
}

TEST(Sessions, ThatEndedInTimeAreNoFailureForAnOperatorThatComesLate) {
  with_cluster([](Cluster& c) -> Task<void> {
    c.put_all();
    c.put_configuration("nightly", R"("timeOut":"10m",)");
    co_await c.start();
    c.roll_out();
    co_await c.settle();
    c.put_session();
    co_await c.settle();
    co_await c.stop();
    c.report("nightly-1", {"host-0"});
    c.close("nightly-1");
    c.timers.advance(20min);
    co_await c.start();
    EXPECT_EQ(c.phase(api::kBackupSession, "nightly-1"), "Succeeded");
    EXPECT_EQ(c.condition(api::kBackupSession, "nightly-1", api::kDeadlineExceeded), "");
  });
}

TEST(Sessions, AreTriedAgainOnceAfterTheDelay) {
  with_cluster([](Cluster& c) -> Task<void> {
    c.put_all();
    c.put_configuration("nightly", R"("retryConfig":{"maxRetry":1,"delay":"5m"},"backupHistoryLimit":5,)");
    co_await c.start();
    c.roll_out();
    co_await c.settle();
    c.put_session("nightly-1", 1);
    co_await c.settle();
    c.report("nightly-1", {"host-0"}, "Failed");
    c.close("nightly-1");
    co_await c.settle();
    const auto next = c.session("nightly-1").status.next_retry;
    EXPECT_TRUE(next);
    EXPECT_EQ(*next, std::chrono::floor<std::chrono::seconds>(c.timers.now() + 5min));

    co_await c.pass(4min, 1min);
    EXPECT_EQ(c.api.refs(api::kBackupSession).size(), 1u);
    // Whoever dies between making the successor and noting it makes no second one.
    c.api.before = [](const test::FakeApiServer::Call& call) {
      if (call.verb == "patch status" && call.body.find("retried") != call.body.npos)
        throw Error(ErrorKind::Unavailable, "gone");
    };
    co_await c.pass(3min, 30s);
    c.api.before = nullptr;
    co_await c.pass(5min, 30s);
    EXPECT_EQ(c.api.refs(api::kBackupSession).size(), 2u);
    EXPECT_EQ(c.session("nightly-1").status.retried, true);
    for (const kube::Ref& ref : c.api.refs(api::kBackupSession))
      if (ref.name != "nightly-1") EXPECT_EQ(c.session(ref.name).spec.retry_left, 0);
  });
}

TEST(Sessions, TwentyInARowLeaveTheHistoryLimit) {
  with_cluster([](Cluster& c) -> Task<void> {
    c.put_all();
    c.put_configuration("nightly", R"("backupHistoryLimit":3,)");
    co_await c.start();
    c.roll_out();
    co_await c.settle();
    for (int i = 0; i < 20; ++i) {
      const std::string name = fmt::format("nightly-{}", 100 + i);
      co_await c.pass(60s, 30s);
      c.put_session(name);
      co_await c.settle();
      co_await back_up(c, name);
      EXPECT_EQ(c.phase(api::kBackupSession, name), "Succeeded");
    }
    const auto left = c.api.refs(api::kBackupSession);
    EXPECT_EQ(left.size(), 3u);
    EXPECT_EQ(left.front().name, "nightly-117");
    EXPECT_EQ(c.rollouts(), 1);
  });
}

}  // namespace
}  // namespace stash::controller
