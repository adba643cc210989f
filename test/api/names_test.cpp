#include "stash/api/names.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/objects.hpp"
#include "stash/api/host.hpp"
#include "stash/base/error.hpp"

namespace stash::api {
namespace {

using testing::MatchesRegex;
using testing::Pair;
using testing::UnorderedElementsAre;

const TimePoint kAt = parse_time("2026-11-23T10:00:00Z").value();

BackupConfiguration named(const std::string& name, const std::string& target_ns = "") {
  BackupConfiguration out = test::configuration();
  out.metadata.name = name;
  out.spec.target->ref.ns = target_ns;
  return out;
}

TEST(Names, ShortenOnlyWhatIsTooLongAndKeepItApart) {
  EXPECT_EQ(shortened("sixteen-letters-", 16), "sixteen-letters-");
  const std::string one = shortened(std::string(70, 'a') + "1", 63);
  const std::string two = shortened(std::string(70, 'a') + "2", 63);
  EXPECT_EQ(one.size(), 63u);
  EXPECT_NE(one, two);
  EXPECT_EQ(one, shortened(std::string(70, 'a') + "1", 63));
  EXPECT_THAT(shortened("abc----.....----------x", 16), MatchesRegex("abc-[0-9a-f]{8}"));
}

TEST(Names, NameACronJobAfterItsConfiguration) {
  EXPECT_EQ(cron_job_name(named("nightly")), "stash-trigger-nightly");
  EXPECT_EQ(cron_job_name(named("a.b.c")), "stash-trigger-a-b-c");
  EXPECT_EQ(cron_job_name(named("nightly", "demo")), "stash-trigger-nightly");
  EXPECT_EQ(cron_job_name(named("nightly", "other")), "stash-trigger-demo-nightly");
}

TEST(Names, KeepTheLast52CharactersOfACronJob) {
  const std::string long_name(60, 'x');
  EXPECT_EQ(cron_job_name(named(long_name)), std::string(52, 'x'));
  const std::string dashed = std::string(10, 'y') + "--" + std::string(50, 'x');
  EXPECT_EQ(cron_job_name(named(dashed)), std::string(50, 'x'));
  EXPECT_LE(cron_job_name(named(long_name, "other")).size(), 52u);
  EXPECT_NE(cron_job_name(named(long_name + "1", "other")), cron_job_name(named(long_name + "2", "other")));
}

TEST(Names, NameASessionByItsSecond) {
  EXPECT_EQ(session_name("nightly", kAt), "nightly-1795428000");
  const std::string name = session_name(std::string(253, 'n'), kAt);
  EXPECT_EQ(name.size(), 63u);
  EXPECT_TRUE(name.ends_with("-1795428000"));
  EXPECT_NE(name, session_name(std::string(252, 'n') + "m", kAt));
}

TEST(Names, SpellLeasesAndBindingsInLowerCase) {
  EXPECT_EQ(backup_lease_name("StatefulSet", "web"), "lock-statefulset-web-backup");
  EXPECT_EQ(restore_lease_name("Deployment", "web"), "lock-deployment-web-restore");
  EXPECT_EQ(sidecar_binding_name("Deployment", "web"), "stash-sidecar-deployment-web");
  EXPECT_EQ(init_binding_name("DaemonSet", "web"), "stash-restore-init-container-daemonset-web");
  EXPECT_EQ(backup_exec_binding_name("Deployment", "web"), "stash-hook-exec-backup-deployment-web");
  EXPECT_EQ(restore_exec_binding_name("StatefulSet", "web"), "stash-hook-exec-restore-statefulset-web");
  EXPECT_EQ(repository_binding_name("demo", "BackupConfiguration", "nightly", 0),
            "demo-backupconfiguration-nightly-0");
  EXPECT_LE(sidecar_binding_name("Deployment", std::string(253, 'w')).size(), 253u);
}

TEST(Labels, AreTheInvokersOwnAndOurs) {
  EXPECT_THAT(offshoot_labels({{"team", "shop"}, {"app.kubernetes.io/component", "mine"}}, kRestoreComponent),
              UnorderedElementsAre(Pair("team", "shop"), Pair("app.kubernetes.io/component", "stash-restore"),
                                   Pair("app.kubernetes.io/managed-by", "stash.appscode.com")));
}

TEST(Labels, FitIntoALabel) {
  const BackupConfiguration configuration = named(std::string(200, 'n'));
  for (const auto& [key, value] : session_labels(configuration)) EXPECT_LE(value.size(), 63u) << key;
}

TEST(Hosts, AreNamedByKindAliasOrdinalAndNode) {
  EXPECT_EQ(host_name("Deployment", "", "web-5d4f", "node-a"), "host-0");
  EXPECT_EQ(host_name("Deployment", "db", "web-5d4f", "node-a"), "db");
  EXPECT_EQ(host_name("StatefulSet", "", "web-12", "node-a"), "host-12");
  EXPECT_EQ(host_name("StatefulSet", "db", "web-12", "node-a"), "db-12");
  EXPECT_EQ(host_name("DaemonSet", "", "agent-x", "node-a"), "node-a");
  EXPECT_EQ(host_name("DaemonSet", "db", "agent-x", "node-a"), "db-node-a");
  EXPECT_EQ(host_name("PersistentVolumeClaim", "", "", ""), "host-0");
}

TEST(Hosts, NeedAnOrdinalInAStatefulSet) {
  EXPECT_THROW(host_name("StatefulSet", "", "web", ""), Error);
  EXPECT_THROW(host_name("StatefulSet", "", "web-", ""), Error);
  EXPECT_THROW(host_name("StatefulSet", "", "web-x1", ""), Error);
}

TEST(Hosts, AreCountedFromTheWorkload) {
  const auto count = [](const char* kind, const char* object) {
    return total_hosts(kind, json::parse(object, "workload"));
  };
  EXPECT_EQ(count("StatefulSet", R"({"spec":{"replicas":3}})"), 3);
  EXPECT_EQ(count("StatefulSet", R"({"spec":{}})"), 1);
  EXPECT_EQ(count("StatefulSet", R"({"spec":{"replicas":0}})"), 0);
  EXPECT_EQ(count("DaemonSet", R"({"status":{"desiredNumberScheduled":4}})"), 4);
  EXPECT_EQ(count("DaemonSet", R"({})"), 0);
  EXPECT_EQ(count("Deployment", R"({"spec":{"replicas":3}})"), 1);
}

TEST(Models, FollowKindTaskAndDriver) {
  EXPECT_EQ(model_of(test::configuration().spec), Model::Workload);
  EXPECT_EQ(model_of(test::configuration(R"(,"task":{"name":"dump"})").spec), Model::Job);
  EXPECT_EQ(model_of(test::configuration(R"(,"driver":"VolumeSnapshotter")").spec), Model::VolumeSnapshot);
  BackupConfiguration claim = test::configuration();
  claim.spec.target->ref.kind = "PersistentVolumeClaim";
  EXPECT_EQ(model_of(claim.spec), Model::Job);
  EXPECT_EQ(model_of(test::restore().spec), Model::Workload);
}

}  // namespace
}  // namespace stash::api
