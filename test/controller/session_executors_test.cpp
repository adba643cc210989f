// BackupSessions whose executors take their time, go, or never come back.

#include "controller/cluster.hpp"

namespace stash::controller {
namespace {

using namespace std::chrono_literals;
using test::Cluster;
using test::get_ready;
using test::with_cluster;

/// A session that has begun on a workload of `replicas` pods, all ready.
Task<void> begin(Cluster& c, const kube::Resource& kind, int replicas) {
  c.put_secret();
  c.put_repository();
  c.put_workload(kind, replicas);
  c.put_configuration("nightly", "", kind.kind);
  co_await c.start();
  c.roll_out(kind);
  co_await c.settle();
  c.put_session();
  co_await c.settle();
  EXPECT_EQ(c.session("nightly-1").status.targets[0].total_hosts, replicas);
}

/// The session succeeds once its closing work is told.
Task<void> expect_success(Cluster& c) {
  c.close("nightly-1");
  co_await c.settle();
  EXPECT_EQ(c.phase(api::kBackupSession, "nightly-1"), "Succeeded");
}

/// The session fails, because nobody is there to do it, after the patience and not before.
Task<void> expect_disruption(Cluster& c) {
  co_await c.pass(9min, 30s);
  EXPECT_EQ(c.phase(api::kBackupSession, "nightly-1"), "Running");
  co_await c.pass(2min, 30s);
  EXPECT_EQ(c.phase(api::kBackupSession, "nightly-1"), "Failed");
  EXPECT_TRUE(api::is_true(c.session("nightly-1").status.targets[0].conditions, api::kBackupDisrupted));
  EXPECT_TRUE(c.has_event("Backup Session Disrupted"));
}

TEST(Sessions, FollowAStatefulSetThatIsScaledDown) {
  with_cluster([](Cluster& c) -> Task<void> {
    co_await begin(c, kube::kStatefulSet, 3);
    c.report("nightly-1", {"host-0", "host-2"});
    c.api.edit(kube::kStatefulSet, c.web, R"({"metadata":{"generation":3},"spec":{"replicas":1}})");
    c.roll_out(kube::kStatefulSet);
    co_await c.settle();
    // host-2 is gone but has reported; host-1 is not waited for any more.
    EXPECT_EQ(c.session("nightly-1").status.targets[0].phase, api::TargetPhase::Succeeded);
    co_await expect_success(c);
    EXPECT_EQ(c.rollouts(kube::kStatefulSet), 2);
  });
}

TEST(Sessions, AHostWithoutExecutorDisruptsTheSessionInTheEnd) {
  with_cluster([](Cluster& c) -> Task<void> {
    co_await begin(c, kube::kStatefulSet, 2);
    const std::string uid(kube::uid_of(c.workload(kube::kStatefulSet)));
    c.put_pod("web-0", true, uid);
    c.put_pod("web-1", false, uid);
    c.api.edit(kube::kStatefulSet, c.web, R"({"status":{"readyReplicas":1}})");
    co_await c.pass(5min, 30s);
    const auto disrupted = [&c] {
      const api::BackupSession session = c.session("nightly-1");
      const auto* found = api::find_condition(session.status.targets[0].conditions, api::kBackupDisrupted);
      return found ? std::string(json::spelling(found->status)) : "";
    };
    EXPECT_EQ(disrupted(), "Unknown");
    co_await c.stop();
    co_await c.start();
    co_await c.pass(6min, 30s);
    EXPECT_EQ(c.phase(api::kBackupSession, "nightly-1"), "Running");  // host-0 still works

    c.report("nightly-1", {"host-0"});
    co_await c.pass(1min, 30s);
    EXPECT_EQ(disrupted(), "True");
    EXPECT_EQ(c.phase(api::kBackupSession, "nightly-1"), "Failed");
    EXPECT_TRUE(c.has_event("Backup Session Disrupted"));
  });
}

TEST(Sessions, AnExecutorThatComesBackGoesOn) {
  with_cluster([](Cluster& c) -> Task<void> {
    co_await get_ready(c);
    c.put_session();
    co_await c.settle();
    c.api.edit(kube::kDeployment, c.web, R"({"status":{"readyReplicas":0}})");
    co_await c.pass(9min, 30s);
    c.roll_out();
    c.put_pod("web-x", true, "replica set");
    co_await c.pass(9min, 30s);
    EXPECT_EQ(c.phase(api::kBackupSession, "nightly-1"), "Running");
    EXPECT_TRUE(api::is_false(c.session("nightly-1").status.targets[0].conditions, api::kBackupDisrupted));
    c.report("nightly-1", {"host-0"});
    co_await expect_success(c);
  });
}

TEST(Sessions, WhoseHostsTakeLongTurnsAreClosedInPeace) {
  with_cluster([](Cluster& c) -> Task<void> {
    co_await begin(c, kube::kStatefulSet, 3);
    std::vector<std::string> hosts;
    for (const char* host : {"host-0", "host-1", "host-2"}) {
      co_await c.pass(40min, 5min);
      hosts.emplace_back(host);
      c.report("nightly-1", hosts);
    }
    co_await c.pass(45min, 5min);
    EXPECT_EQ(c.phase(api::kBackupSession, "nightly-1"), "Running");
    co_await expect_success(c);
  });
}

TEST(Sessions, ThatNobodyClosesEndHalfAnHourAfterTheLastExecutor) {
  with_cluster([](Cluster& c) -> Task<void> {
    co_await get_ready(c);
    c.put_session();
    co_await c.pass(2h, 10min);
    c.report("nightly-1", {"host-0"});
    c.api.edit(kube::kDeployment, c.web, R"({"status":{"readyReplicas":0}})");
    co_await c.pass(29min, 1min);
    EXPECT_EQ(c.phase(api::kBackupSession, "nightly-1"), "Running");
    co_await c.pass(2min, 1min);
    EXPECT_EQ(c.phase(api::kBackupSession, "nightly-1"), "Failed");
    EXPECT_EQ(c.condition(api::kBackupSession, "nightly-1", api::kRetentionPolicyApplied),
              "False FailedToApplyRetentionPolicy");
  });
}

std::string disruption_of(const Cluster& c) {
  const api::BackupSession session = c.session("nightly-1");
  const auto* why = api::find_condition(session.status.targets[0].conditions, api::kBackupDisrupted);
  return why ? why->message : "";
}

TEST(Sessions, BeginWithThePodsThatServeWhileARolloutIsStuck) {
  with_cluster([](Cluster& c) -> Task<void> {
    co_await get_ready(c);
    c.put_pod("web-old", true, "replica set", "n1", c.sidecar_hash());
    c.api.edit(kube::kDeployment, c.web, R"({"metadata":{"generation":3},"status":{"updatedReplicas":0}})");
    c.put_session();
    co_await c.pass(9min, 30s);
    EXPECT_EQ(c.phase(api::kBackupSession, "nightly-1"), "Pending");
    co_await c.pass(90s, 30s);
    EXPECT_EQ(c.phase(api::kBackupSession, "nightly-1"), "Running");
    c.report("nightly-1", {"host-0"});
    co_await expect_success(c);
  });
}

TEST(Sessions, DoNotBeginWithPodsOfASidecarThatIsNotWantedAnyMore) {
  with_cluster([](Cluster& c) -> Task<void> {
    co_await get_ready(c);
    c.put_pod("web-old", true, "replica set", "n1", "of other mounts");
    c.api.edit(kube::kDeployment, c.web, R"({"metadata":{"generation":3},"status":{"updatedReplicas":0}})");
    c.put_session();
    co_await c.pass(11min, 30s);
    EXPECT_EQ(c.phase(api::kBackupSession, "nightly-1"), "Failed");
  });
}

TEST(Sessions, OfARolloutThatStopsHalfwayBackUpWhomTheyCanAndTellTheRest) {
  with_cluster([](Cluster& c) -> Task<void> {
    c.put_secret();
    c.put_repository();
    c.put_workload(kube::kStatefulSet, 2);
    c.put_configuration("nightly", "", "StatefulSet");
    co_await c.start();
    c.roll_out(kube::kStatefulSet);
    c.api.edit(kube::kStatefulSet, c.web, R"({"status":{"updatedReplicas":1}})");
    const std::string uid(kube::uid_of(c.workload(kube::kStatefulSet)));
    c.put_pod("web-0", false, uid);
    c.put_pod("web-1", true, uid, "n1", c.sidecar_hash(kube::kStatefulSet));
    c.put_session();
    co_await c.pass(11min, 30s);
    EXPECT_EQ(c.phase(api::kBackupSession, "nightly-1"), "Running");
    c.report("nightly-1", {"host-1"});
    co_await c.pass(11min, 30s);
    EXPECT_EQ(c.phase(api::kBackupSession, "nightly-1"), "Failed");
    EXPECT_EQ(disruption_of(c), "1 of 2 hosts had no pod with a ready sidecar for 10m0s.");
  });
}

TEST(Sessions, EndWhenTheirConfigurationNamesAnotherTarget) {
  with_cluster([](Cluster& c) -> Task<void> {
    co_await get_ready(c);
    json::Document shop = c.workload();
    shop["metadata"].RemoveMember("uid");
    shop["metadata"].RemoveMember("annotations");
    shop["metadata"]["name"].SetString("shop");
    c.api.put(kube::kDeployment, json::dump(shop));
    c.put_session();
    co_await c.settle();
    c.api.edit(api::kBackupConfiguration, {"demo", "nightly"},
               R"({"metadata":{"generation":2},"spec":{"target":{"ref":{"name":"shop"}}}})");
    co_await c.pass(13min, 30s);
    EXPECT_EQ(c.phase(api::kBackupSession, "nightly-1"), "Failed");
    EXPECT_EQ(disruption_of(c), "BackupConfiguration nightly names another target now.");
    EXPECT_EQ(c.session("nightly-1").status.targets[0].ref.name, "web");
  });
}

TEST(Sessions, EndWhenTheirConfigurationNamesATargetThatCannotBeServed) {
  with_cluster([](Cluster& c) -> Task<void> {
    co_await get_ready(c);
    c.put_session();
    co_await c.settle();
    c.api.edit(api::kBackupConfiguration, {"demo", "nightly"},
               R"({"metadata":{"generation":2},"spec":{"target":{"ref":{"kind":"PersistentVolumeClaim"}}}})");
    co_await c.pass(13min, 30s);
    EXPECT_EQ(c.phase(api::kBackupSession, "nightly-1"), "Failed");
    EXPECT_EQ(disruption_of(c), "BackupConfiguration nightly names another target now.");
  });
}

TEST(Sessions, EndWhenTheirTargetIsGone) {
  with_cluster([](Cluster& c) -> Task<void> {
    co_await begin(c, kube::kStatefulSet, 2);
    c.api.erase(kube::kStatefulSet, c.web);
    co_await expect_disruption(c);
    EXPECT_EQ(disruption_of(c), "Backup target StatefulSet demo/web does not exist.");
  });
}

TEST(Sessions, EndWhenTheirTargetIsScaledToNothing) {
  for (const kube::Resource* kind : {&kube::kStatefulSet, &kube::kDaemonSet})
    with_cluster([kind](Cluster& c) -> Task<void> {
      co_await begin(c, *kind, 2);
      c.api.edit(*kind, c.web, R"({"spec":{"replicas":0}})");
      c.roll_out(*kind);
      co_await expect_disruption(c);
    });
}

TEST(Sessions, EndWhenTheirConfigurationIsGone) {
  with_cluster([](Cluster& c) -> Task<void> {
    co_await get_ready(c);
    c.put_session();
    co_await c.settle();
    co_await c.remove(api::kBackupConfiguration, "nightly");
    co_await expect_disruption(c);
  });
}

TEST(Sessions, OfADaemonSetWaitForEachNodeThoughOneThatReportedIsGone) {
  with_cluster([](Cluster& c) -> Task<void> {
    co_await begin(c, kube::kDaemonSet, 3);
    const std::string uid(kube::uid_of(c.workload(kube::kDaemonSet)));
    c.put_pod("web-a", true, uid, "a");
    c.put_pod("web-b", true, uid, "b");
    c.report("nightly-1", {"c"});
    c.api.edit(kube::kDaemonSet, c.web, R"({"spec":{"replicas":2}})");
    c.roll_out(kube::kDaemonSet);
    co_await c.settle();
    c.report("nightly-1", {"c", "a"});
    co_await c.settle();
    EXPECT_EQ(c.session("nightly-1").status.targets[0].total_hosts, 3);
    EXPECT_EQ(c.session("nightly-1").status.targets[0].phase, api::TargetPhase::Running);

    c.report("nightly-1", {"c", "a", "b"});
    co_await expect_success(c);
  });
}

TEST(Sessions, OfADaemonSetDoNotWaitForANodeThatIsGone) {
  with_cluster([](Cluster& c) -> Task<void> {
    co_await begin(c, kube::kDaemonSet, 2);
    c.put_pod("web-a", true, kube::uid_of(c.workload(kube::kDaemonSet)), "a");
    c.api.edit(kube::kDaemonSet, c.web, R"({"spec":{"replicas":1}})");
    c.roll_out(kube::kDaemonSet);
    c.report("nightly-1", {"a"});
    co_await c.settle();
    c.close("nightly-1");
    co_await c.settle();
    EXPECT_EQ(c.session("nightly-1").status.targets[0].total_hosts, 1);
    EXPECT_EQ(c.phase(api::kBackupSession, "nightly-1"), "Succeeded");
  });
}

}  // namespace
}  // namespace stash::controller
