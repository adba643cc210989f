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

}  // namespace
}  // namespace stash::controller
