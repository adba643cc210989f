// The operator as a process, Repositories and Jobs: all of it against an API server in memory.

#include "controller/cluster.hpp"

namespace stash::controller {
namespace {

using namespace std::chrono_literals;
using test::Cluster;
using test::with_cluster;

constexpr const char* kCronJob = "stash-trigger-nightly";

TEST(Operator, RollsAWorkloadOnceAndNeverForAPauseAScheduleOrAnUpgrade) {
  with_cluster([](Cluster& c) -> Task<void> {
    c.put_all();
    co_await c.start();
    EXPECT_EQ(c.rollouts(), 1);

    c.api.edit(api::kBackupConfiguration, {"demo", "nightly"},
               R"({"metadata":{"generation":2},"spec":{"paused":true,"schedule":"*/5 * * * *"}})");
    co_await c.settle();
    const auto cron = c.api.get(kube::kCronJob, {"demo", kCronJob});
    EXPECT_TRUE(json::is_true(cron, "spec", "suspend"));
    EXPECT_EQ(json::text(cron, "spec", "schedule"), "*/5 * * * *");
    EXPECT_EQ(c.phase(api::kBackupConfiguration, "nightly"), "Ready");
    EXPECT_EQ(c.rollouts(), 1);

    co_await c.stop();
    c.image = "reg/stash:2";
    co_await c.start();
    co_await c.pass(1min);
    EXPECT_EQ(c.rollouts(), 1);
    EXPECT_NE(json::dump(c.api.get(kube::kCronJob, {"demo", kCronJob})).find("reg/stash:2"),
              std::string::npos);
  });
}

TEST(Operator, AnUnchangedWorldIsNotWrittenTo) {
  with_cluster([](Cluster& c) -> Task<void> {
    c.put_all();
    c.put_restore();
    co_await c.start();
    c.roll_out();
    co_await c.settle();
    const auto version = [&c] {
      std::string out;
      for (const auto* kind : {&kube::kDeployment, &api::kBackupConfiguration, &api::kRestoreSession,
                               &api::kRepository, &kube::kCronJob, &kube::kRole, &kube::kRoleBinding})
        for (const kube::Ref& ref : c.api.refs(*kind))
          out += std::string(kube::resource_version_of(c.api.get(*kind, ref))) + " ";
      return out;
    };
    const std::string before = version();

    co_await c.stop();
    co_await c.start();
    co_await c.pass(10min, 1min);

    EXPECT_EQ(version(), before);
  });
}

TEST(Operator, AFinishedJobOfATriggerIsRemoved) {
  with_cluster([](Cluster& c) -> Task<void> {
    const auto put = [&c](std::string_view name, std::string_view label, int succeeded) {
      c.api.put(kube::kJob,
                fmt::format(R"({{"metadata":{{"namespace":"demo","name":"{}","labels":{{"{}":"true"}}}},
        "status":{{"succeeded":{}}}}})",
                            name, label, succeeded));
    };
    put("done", api::kDeleteJobLabel, 1);
    put("works", api::kDeleteJobLabel, 0);
    put("foreign", "other", 1);
    co_await c.start();
    EXPECT_FALSE(c.api.has(kube::kJob, {"demo", "done"}));
    EXPECT_TRUE(c.api.has(kube::kJob, {"demo", "works"}));
    EXPECT_TRUE(c.api.has(kube::kJob, {"demo", "foreign"}));
  });
}

TEST(Operator, OfTwoReplicasOneWorksAndTheOtherTakesOver) {
  with_cluster([](Cluster& c) -> Task<void> {
    const auto holder = [&c] {
      return std::string(
          json::text(c.api.get(kube::kLease, {"stash", "stash-operator"}), "spec", "holderIdentity"));
    };
    co_await c.start("a");
    co_await c.pass(5s, 1s);
    co_await c.start("b");
    co_await c.pass(5s, 1s);
    EXPECT_EQ(holder(), "a");
    c.put_all();
    co_await c.pass(5s, 1s);
    EXPECT_EQ(c.phase(api::kBackupConfiguration, "nightly"), "Ready");
    EXPECT_EQ(c.rollouts(), 1);

    co_await c.stop();
    co_await c.pass(20s, 1s);
    EXPECT_EQ(holder(), "b");
    co_await c.remove(api::kBackupConfiguration, "nightly");
    co_await c.pass(5s, 1s);
    EXPECT_EQ(c.phase(api::kBackupConfiguration, "nightly"), "gone");
  });
}

}  // namespace
}  // namespace stash::controller
