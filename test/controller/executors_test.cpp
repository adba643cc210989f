// Which hosts have reported, and which have somebody who could back them up.

#include "controller/executors.hpp"

#include <gtest/gtest.h>

#include "stash/api/names.hpp"
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

constexpr const char* kContainers =
    R"("containers":[{"name":"app","args":["--invoker-name=weekly"]},{"name":"stash","args":["run-backup","--invoker-name=nightly"]}])";

std::string pod(std::string_view name, bool ready, std::string_view owner = "u", std::string_view node = "n1",
                std::string_view hash = "h1") {
  return fmt::format(
      R"({{"metadata":{{"name":"{}","labels":{{"app":"web","tier":"db"}},"annotations":{{"{}":"{}"}},
        "ownerReferences":[{{"apiVersion":"apps/v1","kind":"StatefulSet","name":"web","uid":"{}"}}]}},
    "spec":{{"nodeName":"{}",{}}},"status":{{"containerStatuses":[{{"name":"app","ready":true}},{{"name":"stash","ready":{}}}]}}}})",
      name, api::kBackupHashAnnotation, hash, owner, node, kContainers, ready);
}

/// A pod of which only one container's state counts.
std::string pod_with(std::string_view list, std::string_view status) {
  return fmt::format(
      R"({{"metadata":{{"name":"web-0","ownerReferences":[{{"apiVersion":"apps/v1","kind":"StatefulSet","name":"web","uid":"u"}}]}},
    "spec":{{{}}},"status":{{"{}":[{}]}}}})",
      kContainers, list, status);
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

PodHosts hosts_of(std::string kind, const json::Document& workload, const std::vector<std::string>& items,
                  std::string alias = "", std::string invoker = "nightly", std::string hash = "") {
  PodHosts hosts;
  const PodQuery query{std::move(kind), std::move(alias), std::move(invoker), std::move(hash)};
  add_hosts(query, workload, pods(items), kNow, hosts);
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

TEST(Executors, AreThoseOfTheInvokerAndNotWhatAnotherLeftBehind) {
  const auto serving = [](std::string invoker) {
    return hosts_of("StatefulSet", stateful_set(1), {pod("web-0", true)}, "", std::move(invoker))
        .with_sidecar;
  };
  EXPECT_EQ(serving("nightly"), Hosts{"host-0"});
  EXPECT_EQ(serving("weekly"), Hosts{});
  EXPECT_EQ(serving("night"), Hosts{});
}

TEST(Executors, AreUpToDateWithTheHashThatIsWanted) {
  const auto up_to_date = [](std::string hash, std::string_view of_pod) {
    return hosts_of("StatefulSet", stateful_set(2),
                    {pod("web-0", true, "u", "n1", of_pod), pod("web-1", false, "u", "n1", of_pod)}, "",
                    "nightly", std::move(hash))
        .up_to_date;
  };
  EXPECT_EQ(up_to_date("h1", "h1"), Hosts{"host-0"});
  EXPECT_EQ(up_to_date("h2", "h1"), Hosts{});
  EXPECT_EQ(up_to_date("", ""), Hosts{});
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

TEST(Executors, ArePodsToBeReadForWhileSomeAreOfAnOlderTemplate) {
  const auto reads = [](int updated) {
    const std::string status = fmt::format(
        R"({{"observedGeneration":2,"replicas":3,"readyReplicas":3,"updatedReplicas":{}}})", updated);
    return needs_pods("StatefulSet", stateful_set(3, status), Reports());
  };
  EXPECT_FALSE(reads(3));
  EXPECT_TRUE(reads(2));
}

TEST(Executors, ReportsAreThoseThatSayHowTheWorkWent) {
  api::RestoreSessionStatus status;
  status.total_hosts = 4;
  using Phase = api::RestoreHostPhase;
  for (const Phase phase : {Phase::Succeeded, Phase::Failed, Phase::Unknown, Phase::Running, Phase::Unset}) {
    auto& host = status.stats.emplace_back();
    host.hostname = fmt::format("host-{}", status.stats.size() - 1);
    host.phase = phase;
  }
  const Reports reports = reports_of(status);
  EXPECT_EQ(reports.hosts, (Hosts{"host-0", "host-1", "host-2"}));
  EXPECT_EQ(reports.expected, 4);
}

TEST(Executors, HostsThatReportedAndWereScaledAwayStillCount) {
  const Reports target = reports_of(reported({"host-2"}));
  EXPECT_EQ(expected_hosts("StatefulSet", "", stateful_set(3), target, nullptr), 3);
  EXPECT_EQ(expected_hosts("StatefulSet", "", stateful_set(2), target, nullptr), 3);
  EXPECT_EQ(expected_hosts("StatefulSet", "", stateful_set(2), Reports(), nullptr), 2);
  EXPECT_EQ(expected_hosts("Deployment", "", stateful_set(5), target, nullptr), 1);

  const json::Document from_two =
      json::parse(R"({"metadata":{"name":"web"},"spec":{"replicas":1,"ordinals":{"start":2}}})", "workload");
  EXPECT_EQ(expected_hosts("StatefulSet", "", from_two, target, nullptr), 1);
}

TEST(Executors, ANodeThatReportedAndIsGoneStandsForNoOther) {
  const json::Document workload = stateful_set(
      0, R"({"observedGeneration":2,"desiredNumberScheduled":2,"updatedNumberScheduled":2,"numberReady":2})");
  Reports reports;
  reports.expected = 3;
  PodHosts pods;
  pods.present = {"a", "b"};

  reports.hosts = {"c"};
  EXPECT_FALSE(needs_pods("DaemonSet", workload, reports));
  EXPECT_EQ(expected_hosts("DaemonSet", "", workload, reports, nullptr), 3);
  reports.hosts = {"c", "a"};
  EXPECT_TRUE(needs_pods("DaemonSet", workload, reports));
  EXPECT_EQ(expected_hosts("DaemonSet", "", workload, reports, &pods), 3);
  reports.hosts = {"a", "b"};
  EXPECT_EQ(expected_hosts("DaemonSet", "", workload, reports, &pods), 2);
}

TEST(Executors, ATargetThatIsScaledToNothingKeepsItsHosts) {
  Reports reports;
  reports.expected = 3;
  const PodHosts none;
  EXPECT_EQ(expected_hosts("StatefulSet", "", stateful_set(0), reports, &none), 3);
  EXPECT_EQ(
      expected_hosts("DaemonSet", "", stateful_set(0, R"({"desiredNumberScheduled":0})"), reports, &none), 3);
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
