// Which hosts have somebody who could back them up.

#include "controller/executors.hpp"

#include <gtest/gtest.h>

#include "stash/base/error.hpp"

namespace stash::controller {
namespace {

using namespace std::chrono_literals;

const TimePoint kNow = parse_time("2026-11-23T10:00:00Z").value();

json::Document stateful_set(int replicas, std::string_view status = "{}") {
  return json::parse(fmt::format(R"({{"metadata":{{"namespace":"demo","name":"web","uid":"u","generation":2}},
    "spec":{{"replicas":{},"selector":{{"matchLabels":{{"app":"web","tier":"db"}}}}}},"status":{}}})",
                                 replicas, status),
                     "workload");
}

std::string pod(std::string_view name, bool ready, std::string_view owner = "u",
                std::string_view node = "n1") {
  return fmt::format(
      R"({{"metadata":{{"name":"{}","labels":{{"app":"web","tier":"db"}},
        "ownerReferences":[{{"apiVersion":"apps/v1","kind":"StatefulSet","name":"web","uid":"{}"}}]}},
    "spec":{{"nodeName":"{}"}},"status":{{"containerStatuses":[{{"name":"app","ready":true}},{{"name":"stash","ready":{}}}]}}}})",
      name, owner, node, ready);
}

/// A pod of which only one container's state counts.
std::string pod_with(std::string_view list, std::string_view status) {
  return fmt::format(
      R"({{"metadata":{{"name":"web-0","ownerReferences":[{{"apiVersion":"apps/v1","kind":"StatefulSet","name":"web","uid":"u"}}]}},
    "spec":{{}},"status":{{"{}":[{}]}}}})",
      list, status);
}

json::Document pods(const std::vector<std::string>& items) {
  return json::parse(fmt::format(R"({{"items":[{}]}})", fmt::join(items, ",")), "pods");
}

api::BackupTargetStatus reported(const std::vector<std::string>& hosts) {
  api::BackupTargetStatus target;
  for (const std::string& host : hosts) {
    auto& stats = target.stats.emplace_back();
    stats.hostname = host;
    stats.phase = api::HostPhase::Succeeded;
  }
  return target;
}

using Hosts = std::set<std::string>;

PodHosts hosts_of(std::string_view kind, const json::Document& workload,
                  const std::vector<std::string>& items, std::string_view alias = "") {
  PodHosts hosts;
  add_hosts(kind, alias, workload, pods(items), kNow, hosts);
  return hosts;
}

TEST(Executors, AreThePodsOfTheWorkloadWithAReadySidecar) {
  const PodHosts ordinals = hosts_of("StatefulSet", stateful_set(3),
                                     {pod("web-0", true), pod("web-1", false), pod("web-2", true, "other")});
  EXPECT_EQ(ordinals.with_sidecar, Hosts{"host-0"});
  EXPECT_EQ(ordinals.present, (Hosts{"host-0", "host-1"}));
  EXPECT_EQ(hosts_of("StatefulSet", stateful_set(3), {pod("web-7", true)}, "db").with_sidecar, Hosts{"db-7"});
  EXPECT_EQ(hosts_of("DaemonSet", stateful_set(0), {pod("web-x", true, "u", "n7")}).with_sidecar,
            Hosts{"n7"});
  EXPECT_EQ(hosts_of("Deployment", stateful_set(2), {pod("web-x", true, "rs"), pod("web-y", true, "rs")})
                .with_sidecar,
            Hosts{"host-0"});
}

TEST(Executors, OfADeploymentAreItsPodsByTheWholeSelector) {
  const json::Document workload =
      json::parse(R"({"metadata":{"name":"web"},"spec":{"selector":{"matchExpressions":[
        {"key":"tier","operator":"In","values":["cache"]}]}}})",
                  "workload");
  EXPECT_EQ(hosts_of("Deployment", workload, {pod("web-x", true, "rs")}).with_sidecar, Hosts{});
}

TEST(Executors, ASidecarInACrashLoopIsNotReadyForTheSecondsThatItRuns) {
  const auto ready_since = [](Duration ago, int restarts) {
    const std::string status = fmt::format(
        R"({{"name":"stash","ready":true,"restartCount":{},"state":{{"running":{{"startedAt":"{}"}}}}}})",
        restarts, format_time(kNow - ago));
    return !hosts_of("StatefulSet", stateful_set(1), {pod_with("containerStatuses", status)})
                .with_sidecar.empty();
  };
  EXPECT_TRUE(ready_since(3s, 0));
  EXPECT_FALSE(ready_since(3s, 1));
  EXPECT_TRUE(ready_since(1min, 1));
}

TEST(Executors, AHostIsRestoringWhileItsInitContainerRuns) {
  const auto restoring = [](std::string_view state) {
    const std::string status = fmt::format(R"({{"name":"stash-init","state":{{{}}}}})", state);
    return hosts_of("StatefulSet", stateful_set(1), {pod_with("initContainerStatuses", status)}).restoring;
  };
  EXPECT_EQ(restoring(R"("running":{"startedAt":"2026-11-23T09:00:00Z"})"), Hosts{"host-0"});
  EXPECT_EQ(restoring(R"("waiting":{"reason":"CrashLoopBackOff"})"), Hosts{});
  EXPECT_EQ(restoring(R"("terminated":{"exitCode":0})"), Hosts{});
}

TEST(Executors, AreNamedBySelector) { EXPECT_EQ(pod_selector(stateful_set(1)), "app=web,tier=db"); }

TEST(Executors, RolloutCountsPodsOfThePresentTemplate) {
  const auto rolled = [](std::string_view status) {
    return is_rolled_out("StatefulSet", stateful_set(3, status));
  };
  EXPECT_TRUE(rolled(R"({"observedGeneration":2,"replicas":3,"updatedReplicas":3,"readyReplicas":1})"));
  EXPECT_FALSE(rolled(R"({"observedGeneration":1,"replicas":3,"updatedReplicas":3,"readyReplicas":3})"));
  EXPECT_FALSE(rolled(R"({"observedGeneration":2,"replicas":3,"updatedReplicas":2,"readyReplicas":3})"));
  EXPECT_FALSE(rolled(R"({"observedGeneration":2,"replicas":3,"updatedReplicas":3})"));
  EXPECT_FALSE(is_rolled_out("StatefulSet", stateful_set(0, R"({"observedGeneration":2})")));
}

TEST(Executors, APodThatIsNotReadyIsMissed) {
  EXPECT_TRUE(lacks_ready_pods("StatefulSet", stateful_set(3, R"({"readyReplicas":2})")));
  EXPECT_FALSE(lacks_ready_pods("StatefulSet", stateful_set(3, R"({"readyReplicas":3})")));
  EXPECT_TRUE(lacks_ready_pods("StatefulSet", stateful_set(0)));
}

TEST(Executors, HostsThatReportedAndWereScaledAwayStillCount) {
  const auto target = reported({"host-2"});
  EXPECT_EQ(expected_hosts("StatefulSet", "", stateful_set(3), target, nullptr), 3);
  EXPECT_EQ(expected_hosts("StatefulSet", "", stateful_set(2), target, nullptr), 3);
  EXPECT_EQ(expected_hosts("StatefulSet", "", stateful_set(2), reported({}), nullptr), 2);
  EXPECT_EQ(expected_hosts("Deployment", "", stateful_set(5), target, nullptr), 1);

  const json::Document from_two =
      json::parse(R"({"metadata":{"name":"web"},"spec":{"replicas":1,"ordinals":{"start":2}}})", "workload");
  EXPECT_EQ(expected_hosts("StatefulSet", "", from_two, target, nullptr), 1);
}

TEST(Executors, ANodeThatReportedAndIsGoneStandsForNoOther) {
  const json::Document workload = stateful_set(0, R"({"desiredNumberScheduled":2,"numberReady":2})");
  auto target = reported({"c"});
  target.total_hosts = 3;
  PodHosts pods;
  pods.present = {"a", "b"};

  EXPECT_FALSE(needs_pods("DaemonSet", workload, target));
  EXPECT_EQ(expected_hosts("DaemonSet", "", workload, target, nullptr), 3);
  target = reported({"c", "a"});
  EXPECT_TRUE(needs_pods("DaemonSet", workload, target));
  EXPECT_EQ(expected_hosts("DaemonSet", "", workload, target, &pods), 3);
  target = reported({"a", "b"});
  EXPECT_EQ(expected_hosts("DaemonSet", "", workload, target, &pods), 2);
}

TEST(Executors, ATargetThatIsScaledToNothingKeepsItsHosts) {
  auto target = reported({});
  target.total_hosts = 3;
  const PodHosts none;
  EXPECT_EQ(expected_hosts("StatefulSet", "", stateful_set(0), target, &none), 3);
  EXPECT_EQ(
      expected_hosts("DaemonSet", "", stateful_set(0, R"({"desiredNumberScheduled":0})"), target, &none), 3);
}

TEST(Executors, MissingIsWhoNeitherReportedNorCan) {
  const auto target = reported({"host-0"});
  const Missing some = missing_hosts(3, target, {"host-0", "host-1"});
  EXPECT_EQ(some.hosts, 1);
  EXPECT_TRUE(some.others_working);
  const Missing none = missing_hosts(3, target, {"host-1", "host-2"});
  EXPECT_EQ(none.hosts, 0);
  const Missing all = missing_hosts(3, target, {});
  EXPECT_EQ(all.hosts, 2);
  EXPECT_FALSE(all.others_working);
  EXPECT_TRUE(all.nobody);
  EXPECT_FALSE(some.nobody);
}

}  // namespace
}  // namespace stash::controller
