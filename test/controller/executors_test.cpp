// Which hosts have somebody who could back them up.

#include "controller/executors.hpp"

#include <gtest/gtest.h>

#include "stash/base/error.hpp"

namespace stash::controller {
namespace {

json::Document stateful_set(int replicas, std::string_view status = "{}") {
  return json::parse(fmt::format(R"({{"metadata":{{"namespace":"demo","name":"web","uid":"u","generation":2}},
    "spec":{{"replicas":{},"selector":{{"matchLabels":{{"app":"web","tier":"db"}}}}}},"status":{}}})",
                                 replicas, status),
                     "workload");
}

std::string pod(std::string_view name, bool ready, std::string_view owner = "u",
                std::string_view node = "n1") {
  return fmt::format(
      R"({{"metadata":{{"name":"{}","ownerReferences":[{{"apiVersion":"apps/v1","kind":"StatefulSet","name":"web","uid":"{}"}}]}},
    "spec":{{"nodeName":"{}"}},"status":{{"containerStatuses":[{{"name":"app","ready":true}},{{"name":"stash","ready":{}}}]}}}})",
      name, owner, node, ready);
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

TEST(Executors, AreThePodsOfTheWorkloadWithAReadySidecar) {
  Hosts hosts;
  add_hosts("StatefulSet", "", stateful_set(3),
            pods({pod("web-0", true), pod("web-1", false), pod("web-2", true, "other")}), hosts);
  EXPECT_EQ(hosts, Hosts{"host-0"});
  add_hosts("StatefulSet", "db", stateful_set(3), pods({pod("web-7", true)}), hosts);
  EXPECT_EQ(hosts, (Hosts{"db-7", "host-0"}));

  Hosts nodes;
  add_hosts("DaemonSet", "", stateful_set(0), pods({pod("web-x", true, "u", "n7")}), nodes);
  EXPECT_EQ(nodes, Hosts{"n7"});

  Hosts one;
  add_hosts("Deployment", "", stateful_set(2), pods({pod("web-x", true, "rs"), pod("web-y", true, "rs")}),
            one);
  EXPECT_EQ(one, Hosts{"host-0"});
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
  EXPECT_EQ(expected_hosts("StatefulSet", "", stateful_set(3), &target), 3);
  EXPECT_EQ(expected_hosts("StatefulSet", "", stateful_set(2), &target), 3);
  EXPECT_EQ(expected_hosts("StatefulSet", "", stateful_set(2), nullptr), 2);
  EXPECT_EQ(expected_hosts("Deployment", "", stateful_set(5), &target), 1);
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
}

}  // namespace
}  // namespace stash::controller
