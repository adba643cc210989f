// RestoreSessions: the whole operator against an API server in memory; tests play
// executors.

#include "controller/cluster.hpp"

namespace stash::controller {
namespace {

using namespace std::chrono_literals;
using test::Cluster;
using test::get_ready;
using test::with_cluster;

TEST(Restores, InjectOnceRestoreAndAreTakenOutWithTheirSession) {
  with_cluster([](Cluster& c) -> Task<void> {
    co_await get_ready(c);
    c.put_restore();
    co_await c.settle();
    EXPECT_EQ(c.rollouts(), 2);
    EXPECT_EQ(c.names("initContainers"), "stash-init,prepare");
    EXPECT_EQ(c.names("containers"), "app,stash");
    EXPECT_EQ(c.phase(api::kRestoreSession, "back"), "Running");
    EXPECT_EQ(c.condition(api::kRestoreSession, "back", api::kInitContainerInjected),
              "True InitContainerInjectionSucceeded");
    EXPECT_TRUE(c.api.has(kube::kRole, {"demo", "demo-restoresession-back-0"}));

    c.report_restore("back", "host-0", "Succeeded");
    co_await c.settle();
    EXPECT_EQ(c.phase(api::kRestoreSession, "back"), "Succeeded");
    EXPECT_EQ(c.condition(api::kRestoreSession, "back", api::kRestoreCompleted),
              "True PostRestoreTasksExecuted");
    EXPECT_TRUE(c.has_event("Restore Session Succeeded"));
    EXPECT_EQ(c.rollouts(), 2);

    co_await c.remove(api::kRestoreSession, "back");
    co_await c.pass(3s, 1s);
    EXPECT_EQ(c.phase(api::kRestoreSession, "back"), "gone");
    EXPECT_EQ(c.rollouts(), 3);
    EXPECT_EQ(c.names("initContainers"), "prepare");
    EXPECT_EQ(c.names("containers"), "app,stash");
    EXPECT_FALSE(c.api.has(kube::kRole, {"demo", "demo-restoresession-back-0"}));
  });
}

TEST(Restores, AndBackupsTogetherAreOneRollout) {
  with_cluster([](Cluster& c) -> Task<void> {
    c.put_all();
    c.put_restore();
    co_await c.start();
    EXPECT_EQ(c.rollouts(), 1);
    EXPECT_EQ(c.names("initContainers"), "stash-init,prepare");
    EXPECT_EQ(c.names("containers"), "app,stash");
  });
}

TEST(Restores, FailAndKeepTheWorkloadFromStarting) {
  with_cluster([](Cluster& c) -> Task<void> {
    co_await get_ready(c);
    c.put_restore();
    co_await c.settle();
    c.report_restore("back", "host-0", "Failed");
    co_await c.settle();
    EXPECT_EQ(c.phase(api::kRestoreSession, "back"), "Failed");
    EXPECT_EQ(c.condition(api::kRestoreSession, "back", api::kRestoreCompleted),
              "False PostRestoreTasksNotExecuted");
    co_await c.pass(10min, 1min);
    EXPECT_EQ(c.names("initContainers"), "stash-init,prepare");

    // A second one takes its place, and the first does not come back when that goes.
    c.put_restore("again");
    co_await c.settle();
    EXPECT_EQ(c.rollouts(), 3);
    c.report_restore("again", "host-0", "Succeeded");
    co_await c.settle();
    co_await c.remove(api::kRestoreSession, "again");
    co_await c.pass(3s, 1s);
    EXPECT_EQ(c.names("initContainers"), "prepare");
    EXPECT_EQ(c.rollouts(), 4);
  });
}

TEST(Restores, WaitForWhatIsMissing) {
  with_cluster([](Cluster& c) -> Task<void> {
    c.put_restore();
    co_await c.start();
    EXPECT_EQ(c.condition(api::kRestoreSession, "back", api::kRepositoryFound),
              "False RepositoryNotAvailable");
    EXPECT_EQ(c.condition(api::kRestoreSession, "back", api::kRestoreTargetFound),
              "False TargetNotAvailable");
    EXPECT_EQ(c.phase(api::kRestoreSession, "back"), "Pending");
    c.put_workload();
    c.put_repository();
    c.put_secret();
    co_await c.pass(5s);
    EXPECT_EQ(c.phase(api::kRestoreSession, "back"), "Running");
    EXPECT_EQ(c.rollouts(), 1);
  });
}

TEST(Restores, EndAtTheirDeadline) {
  with_cluster([](Cluster& c) -> Task<void> {
    co_await get_ready(c);
    c.put_restore("back", R"("timeOut":"5m",)");
    co_await c.settle();
    co_await c.pass(5min + 1s, 30s);
    EXPECT_EQ(c.phase(api::kRestoreSession, "back"), "Failed");
    EXPECT_EQ(c.condition(api::kRestoreSession, "back", api::kDeadlineExceeded),
              "True FailedToCompleteWithinDeadline");
  });
}

TEST(Restores, ThatEndedInTimeAreNoFailureForAnOperatorThatComesLate) {
  with_cluster([](Cluster& c) -> Task<void> {
    co_await get_ready(c);
    c.put_restore("back", R"("timeOut":"5m",)");
    co_await c.settle();
    co_await c.stop();
    c.report_restore("back", "host-0", "Succeeded");
    c.timers.advance(10min);
    co_await c.start();
    EXPECT_EQ(c.phase(api::kRestoreSession, "back"), "Succeeded");
  });
}

/// A restore of three hosts that has begun.
Task<void> restore_three(Cluster& c, const kube::Resource& kind) {
  c.put_secret();
  c.put_repository();
  c.put_workload(kind, 3);
  c.put_restore();
  c.api.edit(api::kRestoreSession, {"demo", "back"},
             fmt::format(R"({{"spec":{{"target":{{"ref":{{"kind":"{}"}}}}}}}})", kind.kind));
  co_await c.start();
  EXPECT_EQ(c.phase(api::kRestoreSession, "back"), "Running");
}

/// The workload has fewer pods from now on.
Task<void> scale_down(Cluster& c, const kube::Resource& kind, int to) {
  c.api.edit(kind, c.web, fmt::format(R"({{"metadata":{{"generation":3}},"spec":{{"replicas":{}}}}})", to));
  c.roll_out(kind);
  co_await c.settle();
}

Task<void> expect_phase_once_restored(Cluster& c, std::vector<std::string> hosts, std::string_view phase) {
  c.report_restored("back", hosts);
  co_await c.settle();
  EXPECT_EQ(c.phase(api::kRestoreSession, "back"), phase) << "after " << hosts.back();
}

TEST(Restores, WaitForEachOrdinalThoughOneThatReportedIsScaledAway) {
  with_cluster([](Cluster& c) -> Task<void> {
    co_await restore_three(c, kube::kStatefulSet);
    co_await expect_phase_once_restored(c, {"host-2"}, "Running");
    co_await scale_down(c, kube::kStatefulSet, 2);
    co_await expect_phase_once_restored(c, {"host-2", "host-1"}, "Running");
    co_await expect_phase_once_restored(c, {"host-2", "host-1", "host-0"}, "Succeeded");
  });
}

TEST(Restores, DoNotWaitForAnOrdinalThatIsScaledAway) {
  with_cluster([](Cluster& c) -> Task<void> {
    co_await restore_three(c, kube::kStatefulSet);
    co_await scale_down(c, kube::kStatefulSet, 2);
    co_await expect_phase_once_restored(c, {"host-1"}, "Running");
    co_await expect_phase_once_restored(c, {"host-1", "host-0"}, "Succeeded");
  });
}

TEST(Restores, OfADaemonSetWaitForEachNodeThoughOneThatReportedIsGone) {
  with_cluster([](Cluster& c) -> Task<void> {
    co_await restore_three(c, kube::kDaemonSet);
    const std::string uid(kube::uid_of(c.workload(kube::kDaemonSet)));
    c.put_pod("web-a", false, uid, "a");
    c.put_pod("web-b", false, uid, "b");
    co_await expect_phase_once_restored(c, {"c"}, "Running");
    co_await scale_down(c, kube::kDaemonSet, 2);
    co_await expect_phase_once_restored(c, {"c", "a"}, "Running");
    co_await expect_phase_once_restored(c, {"c", "a", "b"}, "Succeeded");
  });
}

/// A restore of the ordinals 0 to 2 that has begun; host-0 has failed.
Task<void> fail_first_of_three(Cluster& c) {
  co_await restore_three(c, kube::kStatefulSet);
  c.report_restore("back", "host-0", "Failed");
  co_await c.settle();
  EXPECT_EQ(c.phase(api::kRestoreSession, "back"), "Running");
  EXPECT_EQ(c.condition(api::kRestoreSession, "back", api::kRestoreCompleted), "Unknown HostRestoreFailed");
}

TEST(Restores, FailWhenAFailedHostKeepsTheOthersFromComing) {
  with_cluster([](Cluster& c) -> Task<void> {
    co_await fail_first_of_three(c);
    co_await c.pass(9min, 1min);
    EXPECT_EQ(c.phase(api::kRestoreSession, "back"), "Running");
    co_await c.stop();
    co_await c.start();
    co_await c.pass(2min, 30s);
    EXPECT_EQ(c.phase(api::kRestoreSession, "back"), "Failed");
    EXPECT_EQ(c.condition(api::kRestoreSession, "back", api::kRestoreCompleted),
              "False PostRestoreTasksNotExecuted");
    EXPECT_EQ(c.condition(api::kRestoreSession, "back", api::kDeadlineExceeded), "");
    EXPECT_EQ(c.condition(api::kRestoreSession, "back", api::kMetricsPushed),
              "True SuccessfullyPushedMetrics");
    EXPECT_TRUE(c.has_event("Restore Session Failed"));
    EXPECT_EQ(c.names("initContainers", kube::kStatefulSet), "stash-init,prepare");
  });
}

TEST(Restores, ThatHaveAFailedHostWaitForThoseThatWork) {
  with_cluster([](Cluster& c) -> Task<void> {
    co_await fail_first_of_three(c);
    const std::string uid(kube::uid_of(c.workload(kube::kStatefulSet)));
    for (const char* pod : {"web-0", "web-1"}) {
      c.put_pod(pod, false, uid);
      c.api.edit(kube::kPod, {"demo", pod},
                 R"({"status":{"initContainerStatuses":[{"name":"stash-init","state":{"running":{}}}]}})");
    }
    co_await c.pass(40min, 1min);
    EXPECT_EQ(c.phase(api::kRestoreSession, "back"), "Running");

    c.api.edit(api::kRestoreSession, {"demo", "back"},
               R"({"status":{"stats":[{"hostname":"host-0","phase":"Failed"},
                                      {"hostname":"host-1","phase":"Succeeded"}]}})");
    co_await c.pass(9min, 1min);
    EXPECT_EQ(c.phase(api::kRestoreSession, "back"), "Running");
    co_await c.pass(2min, 30s);
    EXPECT_EQ(c.phase(api::kRestoreSession, "back"), "Failed");
  });
}

}  // namespace
}  // namespace stash::controller
