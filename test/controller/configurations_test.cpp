// BackupConfigurations and their workloads: the whole operator against an API server in memory.

#include "controller/cluster.hpp"

namespace stash::controller {
namespace {

using namespace std::chrono_literals;
using test::Cluster;
using test::with_cluster;

constexpr const char* kCronJob = "stash-trigger-nightly";

TEST(Configurations, TellsEachMissingThingAndHealsWithinSeconds) {
  with_cluster([](Cluster& c) -> Task<void> {
    const auto told = [&c](const api::ConditionType& type) {
      return c.condition(api::kBackupConfiguration, "nightly", type);
    };
    c.put_configuration();
    co_await c.start();
    EXPECT_EQ(told(api::kRepositoryFound), "False RepositoryNotAvailable");
    EXPECT_EQ(c.message(api::kBackupConfiguration, "nightly", api::kRepositoryFound),
              "Repository demo/repo does not exist.");
    EXPECT_EQ(c.phase(api::kBackupConfiguration, "nightly"), "NotReady");

    c.put_repository();
    co_await c.settle();
    EXPECT_EQ(told(api::kRepositoryFound), "True RepositoryAvailable");
    EXPECT_EQ(told(api::kBackendSecretFound), "False BackendSecretNotAvailable");
    EXPECT_EQ(c.message(api::kBackupConfiguration, "nightly", api::kBackendSecretFound),
              "Backend Secret demo/cred does not exist.");

    c.put_secret();
    co_await c.pass(5s);
    EXPECT_EQ(told(api::kBackendSecretFound), "True BackendSecretAvailable");
    EXPECT_EQ(told(api::kValidationPassed), "True ResourceValidationPassed");
    EXPECT_EQ(told(api::kBackupTargetFound), "False TargetNotAvailable");
    EXPECT_EQ(c.phase(api::kBackupConfiguration, "nightly"), "NotReady");
    EXPECT_FALSE(c.api.has(kube::kCronJob, {"demo", kCronJob}));

    c.put_workload();
    co_await c.settle();
    EXPECT_EQ(told(api::kBackupTargetFound), "True TargetAvailable");
    EXPECT_EQ(told(api::kCronJobCreated), "True CronJobCreationSucceeded");
    EXPECT_EQ(told(api::kSidecarInjected), "True SidecarInjectionSucceeded");
    EXPECT_EQ(c.phase(api::kBackupConfiguration, "nightly"), "Ready");
    EXPECT_EQ(c.names("containers"), "app,stash");
  });
}

TEST(Configurations, GivesExecutorsTheRightsTheyNeedAndNoMore) {
  with_cluster([](Cluster& c) -> Task<void> {
    c.put_all();
    co_await c.start();

    const auto wide = c.api.get(kube::kRoleBinding, {"demo", "stash-sidecar-deployment-web"});
    EXPECT_EQ(json::text(wide, "roleRef", "name"), "stash-sidecar");
    EXPECT_EQ(json::text(wide["subjects"][0], "name"), "default");
    const auto role = c.api.get(kube::kRole, {"demo", "demo-backupconfiguration-nightly-0"});
    EXPECT_EQ(json::dump(role["rules"][0]),
              R"({"apiGroups":[""],"resources":["secrets"],"verbs":["get"],"resourceNames":["cred"]})");
    EXPECT_TRUE(c.api.has(kube::kRoleBinding, {"demo", "demo-backupconfiguration-nightly-0"}));
    EXPECT_TRUE(c.api.has(kube::kServiceAccount, {"demo", kCronJob}));

    c.api.edit(kube::kDeployment, c.web,
               R"({"metadata":{"generation":3},"spec":{"template":{"spec":{"serviceAccountName":"shop"}}}})");
    co_await c.settle();
    EXPECT_EQ(
        json::text(c.api.get(kube::kRoleBinding, {"demo", "stash-sidecar-deployment-web"})["subjects"][0],
                   "name"),
        "shop");
  });
}

TEST(Configurations, LetExecutorsRunCommandsAsLongAsAHookDoes) {
  with_cluster([](Cluster& c) -> Task<void> {
    const kube::Ref binding("demo", "stash-hook-exec-backup-deployment-web");
    const auto set_hook = [&c](int generation, std::string_view hook) {
      c.api.edit(api::kBackupConfiguration, {"demo", "nightly"},
                 fmt::format(R"({{"metadata":{{"generation":{}}},"spec":{{"hooks":{{"postBackup":{}}}}}}})",
                             generation, hook));
    };
    c.put_all();
    co_await c.start();
    EXPECT_FALSE(c.api.has(kube::kRoleBinding, binding));

    set_hook(2, R"({"exec":{"command":["true"]}})");
    co_await c.settle();
    const auto given = c.api.get(kube::kRoleBinding, binding);
    EXPECT_TRUE(given.IsObject());
    EXPECT_EQ(json::text(given, "roleRef", "name"), "stash-hook-exec");
    EXPECT_EQ(json::text(given["subjects"][0], "name"), "default");

    set_hook(3, R"({"exec":null,"tcpSocket":{"port":80}})");
    co_await c.settle();
    EXPECT_FALSE(c.api.has(kube::kRoleBinding, binding));

    set_hook(4, R"({"exec":{"command":["true"]}})");
    co_await c.settle();
    EXPECT_TRUE(c.api.has(kube::kRoleBinding, binding));
    EXPECT_EQ(c.rollouts(), 1);
    co_await c.remove(api::kBackupConfiguration, "nightly");
    co_await c.pass(3s, 1s);
    EXPECT_FALSE(c.api.has(kube::kRoleBinding, binding));
  });
}

TEST(Configurations, DeletionTakesEverythingBackWithOneRollout) {
  with_cluster([](Cluster& c) -> Task<void> {
    c.put_all();
    co_await c.start();
    EXPECT_TRUE(json::find(c.api.get(api::kRepository, {"demo", "repo"}), "status", "references"));

    co_await c.remove(api::kBackupConfiguration, "nightly");
    co_await c.pass(3s, 1s);

    EXPECT_EQ(c.phase(api::kBackupConfiguration, "nightly"), "gone");
    EXPECT_EQ(c.rollouts(), 2);
    EXPECT_EQ(c.names("containers"), "app");
    EXPECT_EQ(c.names("volumes"), "data");
    EXPECT_TRUE(c.workload()["metadata"]["annotations"].ObjectEmpty());
    EXPECT_FALSE(c.api.has(kube::kCronJob, {"demo", kCronJob}));
    EXPECT_TRUE(c.api.refs(kube::kRole).empty());
    EXPECT_TRUE(c.api.refs(kube::kRoleBinding).empty());
    EXPECT_FALSE(json::find(c.api.get(api::kRepository, {"demo", "repo"}), "status", "references"));
    EXPECT_TRUE(c.has_event("Sidecar Deletion Succeeded"));
  });
}

TEST(Configurations, DeletionWaitsForTheWorkloadToLoseTheSidecar) {
  with_cluster([](Cluster& c) -> Task<void> {
    c.put_all();
    co_await c.start();
    c.api.before = [](const test::FakeApiServer::Call& call) {
      if (call.verb == "patch" && call.plural == "deployments")
        throw Error(ErrorKind::Denied, "a webhook says no");
    };

    co_await c.remove(api::kBackupConfiguration, "nightly");
    co_await c.pass(10s);
    EXPECT_NE(c.phase(api::kBackupConfiguration, "nightly"), "gone");
    EXPECT_TRUE(c.has_event("Sidecar Deletion Failed"));

    c.api.before = nullptr;
    co_await c.pass(1min);
    EXPECT_EQ(c.phase(api::kBackupConfiguration, "nightly"), "gone");
    EXPECT_EQ(c.rollouts(), 2);
  });
}

TEST(Configurations, ACronJobThatSomebodyDeletesOrChangesIsBackAtOnce) {
  with_cluster([](Cluster& c) -> Task<void> {
    c.put_all();
    co_await c.start();

    c.api.erase(kube::kCronJob, {"demo", kCronJob});
    co_await c.settle();
    EXPECT_TRUE(c.api.has(kube::kCronJob, {"demo", kCronJob}));

    c.api.edit(kube::kCronJob, {"demo", kCronJob},
               R"({"metadata":{"generation":9},"spec":{"schedule":"1 1 1 1 1"}})");
    co_await c.settle();
    EXPECT_EQ(json::text(c.api.get(kube::kCronJob, {"demo", kCronJob}), "spec", "schedule"), "0 3 * * *");
  });
}

TEST(Configurations, APrerequisiteThatIsAwayForAMomentRollsNothing) {
  with_cluster([](Cluster& c) -> Task<void> {
    c.put_all();
    c.put_restore();
    co_await c.start();
    EXPECT_EQ(c.rollouts(), 1);

    c.api.erase(kube::kSecret, {"demo", "cred"});
    c.api.erase(api::kRepository, {"demo", "repo"});
    c.api.edit(kube::kDeployment, c.web, R"({"metadata":{"generation":3},"spec":{"replicas":2}})");
    co_await c.pass(30s);
    EXPECT_EQ(c.names("containers"), "app,stash");
    EXPECT_EQ(c.names("initContainers"), "stash-init,prepare");
    EXPECT_EQ(c.phase(api::kBackupConfiguration, "nightly"), "NotReady");

    c.put_secret();
    c.put_repository();
    co_await c.pass(10s);
    EXPECT_EQ(c.phase(api::kBackupConfiguration, "nightly"), "Ready");
    EXPECT_EQ(kube::generation_of(c.workload()), 3);
  });
}

TEST(Configurations, AnEditThatIsNotValidKeepsTheSidecarAndSaysWhatIsWrong) {
  with_cluster([](Cluster& c) -> Task<void> {
    c.put_all();
    co_await c.start();

    c.api.edit(api::kBackupConfiguration, {"demo", "nightly"},
               R"({"metadata":{"generation":2},"spec":{"timeOut":"soon","target":{"paths":["data"]}}})");
    co_await c.settle();

    EXPECT_EQ(c.phase(api::kBackupConfiguration, "nightly"), "Invalid");
    EXPECT_EQ(c.condition(api::kBackupConfiguration, "nightly", api::kValidationPassed),
              "False ResourceValidationFailed");
    const std::string message = c.message(api::kBackupConfiguration, "nightly", api::kValidationPassed);
    EXPECT_NE(message.find("spec.timeOut"), std::string::npos) << message;
    EXPECT_NE(message.find("spec.target.paths[0]"), std::string::npos) << message;
    EXPECT_EQ(c.rollouts(), 1);
    EXPECT_EQ(c.names("containers"), "app,stash");
  });
}

TEST(Configurations, ABadScheduleIsToldAndHeals) {
  with_cluster([](Cluster& c) -> Task<void> {
    c.put_all();
    c.api.edit(api::kBackupConfiguration, {"demo", "nightly"}, R"({"spec":{"schedule":"at night"}})");
    co_await c.start();
    EXPECT_EQ(c.condition(api::kBackupConfiguration, "nightly", api::kCronJobCreated),
              "False CronJobCreationFailed");
    EXPECT_EQ(c.phase(api::kBackupConfiguration, "nightly"), "NotReady");
    EXPECT_TRUE(c.has_event("CronJob Creation Failed"));

    c.api.edit(api::kBackupConfiguration, {"demo", "nightly"},
               R"({"metadata":{"generation":2},"spec":{"schedule":"@daily"}})");
    co_await c.settle();
    EXPECT_EQ(c.phase(api::kBackupConfiguration, "nightly"), "Ready");
  });
}

TEST(Configurations, WhatThisVersionDoesNotDoIsInvalid) {
  with_cluster([](Cluster& c) -> Task<void> {
    c.put_all();
    c.put_configuration("task", R"("task":{"name":"pvc-backup"},)");
    c.put_configuration("snap", R"("driver":"VolumeSnapshotter",)");
    c.put_configuration("claim", "", "PersistentVolumeClaim");
    co_await c.start();
    for (const char* name : {"task", "snap", "claim"}) {
      EXPECT_EQ(c.condition(api::kBackupConfiguration, name, api::kValidationPassed),
                "False ResourceValidationFailed");
      EXPECT_EQ(c.phase(api::kBackupConfiguration, name), "Invalid");
    }
    EXPECT_EQ(c.phase(api::kBackupConfiguration, "nightly"), "Ready");
    EXPECT_EQ(c.rollouts(), 1);
  });
}

TEST(Configurations, ARepositoryThatCannotBeUsedMakesItsUsersInvalid) {
  with_cluster([](Cluster& c) -> Task<void> {
    c.put_secret();
    c.put_repository("", R"("local":{"mountPath":"/safe"})");
    c.put_workload();
    c.put_configuration();
    co_await c.start();
    EXPECT_EQ(c.phase(api::kBackupConfiguration, "nightly"), "Invalid");
    EXPECT_NE(
        c.message(api::kBackupConfiguration, "nightly", api::kValidationPassed).find("spec.backend.local"),
        std::string::npos);
    EXPECT_EQ(c.rollouts(), 0);
  });
}

TEST(Configurations, ARepositoryOfABackendThatThisVersionDoesNotKnowMakesItsUsersInvalid) {
  with_cluster([](Cluster& c) -> Task<void> {
    c.put_secret();
    c.put_repository("", R"("gcs":{"bucket":"b"})");
    c.put_workload();
    c.put_configuration();
    co_await c.start();
    EXPECT_EQ(c.phase(api::kBackupConfiguration, "nightly"), "Invalid");
    EXPECT_EQ(c.message(api::kBackupConfiguration, "nightly", api::kValidationPassed),
              "Repository demo/repo: backend gcs is not supported by this version: local and s3 are");
    EXPECT_EQ(c.rollouts(), 0);
  });
}

TEST(Configurations, AnotherNamespaceNeedsTheRepositorysLeave) {
  with_cluster([](Cluster& c) -> Task<void> {
    const auto validated = [&c] {
      return c.condition(api::kBackupConfiguration, "foreign", api::kValidationPassed, "other");
    };
    c.put_secret();
    c.put_repository();
    c.put_configuration("foreign", "", "Deployment", "other");
    co_await c.start();
    EXPECT_EQ(validated(), "False ResourceValidationFailed");
    EXPECT_EQ(c.phase(api::kBackupConfiguration, "foreign", "other"), "Invalid");

    c.api.edit(api::kRepository, {"demo", "repo"}, R"({"metadata":{"generation":2},
      "spec":{"usagePolicy":{"allowedNamespaces":{"from":"Selector","selector":{"matchLabels":{"team":"a"}}}}}})");
    co_await c.settle();
    EXPECT_EQ(validated(), "True ResourceValidationPassed");
  });
}

TEST(Configurations, OfTwoConfigurationsTheNewestHasTheSidecar) {
  with_cluster([](Cluster& c) -> Task<void> {
    c.put_all();
    co_await c.start();
    c.timers.advance(1min);
    c.put_configuration("weekly");
    co_await c.settle();
    EXPECT_EQ(c.rollouts(), 2);
    EXPECT_EQ(c.condition(api::kBackupConfiguration, "weekly", api::kSidecarInjected),
              "True SidecarInjectionSucceeded");
    co_await c.pass(5min, 1min);
    EXPECT_EQ(c.condition(api::kBackupConfiguration, "nightly", api::kSidecarInjected),
              "False SidecarInjectionFailed");

    co_await c.remove(api::kBackupConfiguration, "weekly");
    co_await c.pass(5s, 1s);
    EXPECT_EQ(c.rollouts(), 3);
    EXPECT_EQ(c.phase(api::kBackupConfiguration, "weekly"), "gone");
    EXPECT_EQ(c.condition(api::kBackupConfiguration, "nightly", api::kSidecarInjected),
              "True SidecarInjectionSucceeded");
  });
}

TEST(Configurations, ATargetThatIsLeftLosesTheSidecarAndItsRights) {
  with_cluster([](Cluster& c) -> Task<void> {
    c.put_all();
    co_await c.start();
    c.api.edit(api::kBackupConfiguration, {"demo", "nightly"},
               R"({"metadata":{"generation":2},"spec":{"target":{"ref":{"name":"elsewhere"}}}})");
    co_await c.settle();
    EXPECT_EQ(c.names("containers"), "app");
    EXPECT_FALSE(c.api.has(kube::kRoleBinding, {"demo", "stash-sidecar-deployment-web"}));
    EXPECT_EQ(c.condition(api::kBackupConfiguration, "nightly", api::kBackupTargetFound),
              "False TargetNotAvailable");
  });
}

TEST(Configurations, ARefusedInjectionIsToldAndTriedAgain) {
  with_cluster([](Cluster& c) -> Task<void> {
    c.put_all();
    c.api.before = [](const test::FakeApiServer::Call& call) {
      if (call.verb == "patch" && call.plural == "deployments")
        throw Error(ErrorKind::Invalid, "volumeMounts[1].name: Not found: \"data\"");
    };
    co_await c.start();
    EXPECT_EQ(c.condition(api::kBackupConfiguration, "nightly", api::kSidecarInjected),
              "False SidecarInjectionFailed");
    EXPECT_TRUE(c.has_event("Sidecar Injection Failed"));

    c.api.before = nullptr;
    co_await c.pass(1min);
    EXPECT_EQ(c.condition(api::kBackupConfiguration, "nightly", api::kSidecarInjected),
              "True SidecarInjectionSucceeded");
  });
}

TEST(Configurations, WhatIsLeftOfAConfigurationThatWentWhileNobodyLookedIsTakenOut) {
  with_cluster([](Cluster& c) -> Task<void> {
    c.put_all();
    co_await c.start();
    co_await c.stop();
    c.api.erase(api::kBackupConfiguration, {"demo", "nightly"});
    co_await c.start();
    EXPECT_EQ(c.names("containers"), "app");
    EXPECT_EQ(c.rollouts(), 2);
    EXPECT_FALSE(json::find(c.api.get(api::kRepository, {"demo", "repo"}), "status", "references"));
  });
}

}  // namespace
}  // namespace stash::controller
