// Workloads that have containers by the names of ours, and invokers of other namespaces that name them: the
// whole operator against an API server in memory.

#include <gmock/gmock.h>

#include "controller/cluster.hpp"

namespace stash::controller {
namespace {

using namespace std::chrono_literals;
using test::Cluster;
using test::get_ready;
using test::with_cluster;
using testing::HasSubstr;

/// The user applies a template with these containers.
void put_template(Cluster& c, int generation, std::string_view init_containers, std::string_view containers) {
  c.api.edit(kube::kDeployment, c.web,
             fmt::format(R"({{"metadata":{{"generation":{}}},
               "spec":{{"template":{{"spec":{{"initContainers":[{}],"containers":[{}]}}}}}}}})",
                         generation, init_containers, containers));
}
constexpr const char* kPrepare = R"({"name":"prepare","image":"busybox"})";
constexpr const char* kApp = R"({"name":"app","image":"busybox"})";

/// An object of namespace `other` says that it serves the workload of `demo`.
void name_foreign_target(Cluster& c, const kube::Resource& kind, std::string name) {
  c.api.edit(kind, {"other", std::move(name)}, R"({"spec":{"target":{"ref":{"namespace":"demo"}}}})");
}

Task<void> remove_foreign(Cluster& c, const kube::Resource& kind, std::string name) {
  const kube::Ref ref("other", std::move(name));
  co_await c.api.remove(kind, ref, kube::Propagation::Background, "");
  co_await c.pass(3s, 1s);
}

TEST(Workloads, ThatNobodyBacksUpKeepContainersByTheNamesOfOurs) {
  with_cluster([](Cluster& c) -> Task<void> {
    c.put_workload();
    put_template(c, 1, R"({"name":"stash-init","image":"busybox"})",
                 R"({"name":"stash","image":"stashapp/stash"})");
    co_await c.start();
    c.api.edit(kube::kDeployment, c.web, R"({"metadata":{"generation":2},"spec":{"replicas":2}})");
    co_await c.pass(1min, 10s);
    EXPECT_EQ(c.names("containers"), "stash");
    EXPECT_EQ(c.names("initContainers"), "stash-init");
    EXPECT_EQ(c.writes("deployments"), 0U);
  });
}

TEST(Workloads, WithAContainerByTheNameOfTheSidecarAreLeftAloneUntilItIsRenamed) {
  with_cluster([](Cluster& c) -> Task<void> {
    const auto injected = [&c] {
      return c.condition(api::kBackupConfiguration, "nightly", api::kSidecarInjected);
    };
    c.put_all();
    put_template(c, 1, kPrepare, R"({"name":"stash","image":"stashapp/stash"})");
    co_await c.start();
    co_await c.pass(10min, 1min);
    EXPECT_EQ(c.writes("deployments"), 0U);
    EXPECT_EQ(injected(), "False SidecarInjectionFailed");
    EXPECT_EQ(c.message(api::kBackupConfiguration, "nightly", api::kSidecarInjected),
              "Container \"stash\" of Deployment demo/web is not of Stash and is left alone: rename or "
              "remove it, and the one of Stash is injected.");
    EXPECT_TRUE(c.has_event("Sidecar Injection Failed"));
    EXPECT_FALSE(c.api.has(kube::kRoleBinding, {"demo", "stash-sidecar-deployment-web"}));

    put_template(c, 2, kPrepare, R"({"name":"media","image":"stashapp/stash"})");
    co_await c.settle();
    EXPECT_EQ(c.names("containers"), "media,stash");
    EXPECT_EQ(injected(), "True SidecarInjectionSucceeded");
  });
}

TEST(Workloads, WithAContainerByTheNameOfTheSidecarDoNotKeepItsConfigurationFromGoing) {
  with_cluster([](Cluster& c) -> Task<void> {
    c.put_all();
    put_template(c, 1, kPrepare, R"({"name":"stash","image":"stashapp/stash"})");
    co_await c.start();
    co_await c.remove(api::kBackupConfiguration, "nightly");
    EXPECT_EQ(c.phase(api::kBackupConfiguration, "nightly"), "gone");
    EXPECT_EQ(c.writes("deployments"), 0U);
  });
}

TEST(Workloads, WithAnInitContainerByTheNameOfOursAreBackedUpAndNotRestored) {
  with_cluster([](Cluster& c) -> Task<void> {
    c.put_all();
    c.put_restore();
    put_template(c, 1, R"({"name":"stash-init","image":"busybox"})", kApp);
    co_await c.start();
    EXPECT_EQ(c.names("containers"), "app,stash");
    EXPECT_EQ(c.names("initContainers"), "stash-init");
    EXPECT_EQ(c.rollouts(), 1);
    EXPECT_EQ(c.condition(api::kRestoreSession, "back", api::kInitContainerInjected),
              "False InitContainerInjectionFailed");
    EXPECT_THAT(c.message(api::kRestoreSession, "back", api::kInitContainerInjected),
                HasSubstr("Container \"stash-init\" of Deployment demo/web"));
    EXPECT_TRUE(c.has_event("Init-Container Injection Failed"));
    EXPECT_EQ(c.phase(api::kRestoreSession, "back"), "Pending");

    c.api.edit(kube::kDeployment, c.web,
               fmt::format(R"({{"metadata":{{"generation":3}},
                 "spec":{{"template":{{"spec":{{"initContainers":[{}]}}}}}}}})",
                           kPrepare));
    co_await c.settle();
    EXPECT_EQ(c.names("initContainers"), "stash-init,prepare");
    EXPECT_EQ(c.condition(api::kRestoreSession, "back", api::kInitContainerInjected),
              "True InitContainerInjectionSucceeded");
  });
}

TEST(Workloads, AreOfNoConcernToAConfigurationOfTheSameNameInAnotherNamespace) {
  with_cluster([](Cluster& c) -> Task<void> {
    co_await get_ready(c);
    c.timers.advance(1min);
    c.put_configuration("nightly", "", "Deployment", "other");
    name_foreign_target(c, api::kBackupConfiguration, "nightly");
    co_await c.settle();
    EXPECT_EQ(c.phase(api::kBackupConfiguration, "nightly", "other"), "Invalid");

    c.api.edit(api::kBackupConfiguration, {"demo", "nightly"}, R"({"metadata":{"generation":2},
      "spec":{"target":{"volumeMounts":[{"name":"data","mountPath":"/elsewhere"}],"paths":["/elsewhere"]}}})");
    co_await c.settle();
    EXPECT_EQ(c.rollouts(), 2) << "the newer one held it back";

    co_await remove_foreign(c, api::kBackupConfiguration, "nightly");
    EXPECT_EQ(c.phase(api::kBackupConfiguration, "nightly", "other"), "gone");
    EXPECT_EQ(c.names("containers"), "app,stash");
    EXPECT_EQ(c.rollouts(), 2);
    EXPECT_TRUE(c.api.has(kube::kRoleBinding, {"demo", "stash-sidecar-deployment-web"}));
  });
}

TEST(Workloads, AreOfNoConcernToARestoreOfTheSameNameInAnotherNamespace) {
  with_cluster([](Cluster& c) -> Task<void> {
    co_await get_ready(c);
    c.put_restore();
    co_await c.settle();
    c.timers.advance(1min);
    auto theirs = c.api.get(api::kRestoreSession, {"demo", "back"});
    c.api.put(api::kRestoreSession,
              R"({"metadata":{"namespace":"other","name":"back","generation":1},"spec":)" +
                  json::dump(theirs["spec"]) + "}");
    name_foreign_target(c, api::kRestoreSession, "back");
    co_await c.settle();
    EXPECT_EQ(c.phase(api::kRestoreSession, "back", "other"), "Invalid");

    c.api.edit(api::kRestoreSession, {"demo", "back"}, R"({"metadata":{"generation":2},
      "spec":{"target":{"volumeMounts":[{"name":"data","mountPath":"/elsewhere"}],"rules":[{"paths":["/elsewhere"]}]}}})");
    co_await c.settle();
    EXPECT_EQ(c.rollouts(), 3);

    co_await remove_foreign(c, api::kRestoreSession, "back");
    EXPECT_EQ(c.phase(api::kRestoreSession, "back", "other"), "gone");
    EXPECT_EQ(c.names("initContainers"), "stash-init,prepare");
    EXPECT_EQ(c.rollouts(), 3);
  });
}

}  // namespace
}  // namespace stash::controller
