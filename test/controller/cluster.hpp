#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "stash/api/backup_configuration.hpp"
#include "stash/api/backup_session.hpp"
#include "stash/api/conditions.hpp"
#include "stash/api/names.hpp"
#include "stash/api/repository.hpp"
#include "stash/api/restore_session.hpp"
#include "stash/base/log.hpp"
#include "stash/controller/operator.hpp"
#include "stash/kube/meta.hpp"
#include "stash/kube/resources.hpp"
#include "support/fake_api_server.hpp"
#include "support/manual_timers.hpp"

namespace stash::test {

using namespace std::chrono_literals;

/// An API server in memory with a namespace `demo`: what a user applies, what Kubernetes' own controllers and
/// the executors would do, and operators that can be started and ended at any moment.
class Cluster {
 public:
  Cluster() {
    api.put(kube::kNamespace, R"({"metadata":{"name":"demo"}})");
    api.put(kube::kNamespace, R"({"metadata":{"name":"other","labels":{"team":"a"}}})");
  }

  ManualTimers timers;
  SystemRandom random;
  FakeApiServer api{timers};
  std::string image = "reg/stash:1";
  std::vector<std::string> wiped;  ///< Repositories whose data was deleted
  std::string store_fault;         ///< why it cannot be now

  // --- operators ---

  /// Starts one more operator.
  Task<void> start(std::string identity = "") {
    controller::OperatorOptions options;
    options.identity = identity;
    options.leader_elect = !identity.empty();
    options.image = image;
    options.listen = "127.0.0.1";
    options.port = 0;
    options.wipe_out = [this](kube::Ref repository) { return wipe(std::move(repository)); };
    operators_.push_back(std::make_unique<net::TaskGroup>());
    co_await operators_.back()->spawn(run(std::move(options)));
    co_await settle();
  }
  /// Ends the operator that was started first.
  Task<void> stop() {
    if (operators_.empty()) co_return;
    operators_.front()->cancel();
    try {
      co_await operators_.front()->join();
    } catch (const Error& e) {
      EXPECT_EQ(e.kind(), ErrorKind::Cancelled) << e.what();
    }
    operators_.erase(operators_.begin());
  }
  Task<void> stop_all() {
    while (!operators_.empty()) co_await stop();
  }

  static Task<void> settle() { co_await ManualTimers::settle(600); }
  /// Lets `by` pass in steps, so that what is due in between is done in between.
  Task<void> pass(Duration by, Duration step = 5s) {
    for (Duration done{}; done < by; done += step) {
      timers.advance(std::min(step, by - done));
      co_await settle();
    }
  }

  // --- what a user applies ---

  void put_secret() {
    api.put(kube::kSecret, R"({"metadata":{"namespace":"demo","name":"cred"},"data":{}})");
  }
  void put_repository(std::string_view more = "",
                      std::string_view backend = R"("s3":{"endpoint":"m","bucket":"b"})") {
    api.put(api::kRepository, fmt::format(R"({{"metadata":{{"namespace":"demo","name":"repo"}},
      "spec":{{{}"backend":{{"storageSecretName":"cred",{}}}}}}})",
                                          more, backend));
  }
  void put_workload(const kube::Resource& kind = kube::kDeployment, int replicas = 1) {
    api.put(kind, fmt::format(R"({{"metadata":{{"namespace":"demo","name":"web","generation":1}},
      "spec":{{"replicas":{},"selector":{{"matchLabels":{{"app":"web"}}}},
        "template":{{"metadata":{{"labels":{{"app":"web"}}}},"spec":{{
          "initContainers":[{{"name":"prepare","image":"busybox"}}],
          "containers":[{{"name":"app","image":"busybox"}}],"volumes":[{{"name":"data","emptyDir":{{}}}}]}}}}}}}})",
                              replicas));
    roll_out(kind);
  }
  /// `more` is inserted into the spec.
  void put_configuration(std::string_view name = "nightly", std::string_view more = "",
                         std::string_view kind = "Deployment", std::string_view ns = "demo") {
    api.put(
        api::kBackupConfiguration,
        fmt::format(R"({{"metadata":{{"namespace":"{}","name":"{}","generation":1,"labels":{{"app":"shop"}}}},
      "spec":{{{}"repository":{{"name":"repo","namespace":"demo"}},"schedule":"0 3 * * *",
        "retentionPolicy":{{"name":"p","keepLast":3,"prune":true}},
        "target":{{"ref":{{"apiVersion":"apps/v1","kind":"{}","name":"web"}},"paths":["/data"],
          "volumeMounts":[{{"name":"data","mountPath":"/data"}}]}}}}}})",
                    ns, name, more, kind));
  }
  void put_all() {
    put_secret();
    put_repository();
    put_workload();
    put_configuration();
  }
  void put_session(std::string_view name = "nightly-1", int retries = 0,
                   std::string_view invoker = "nightly") {
    api.put(api::kBackupSession, fmt::format(R"({{"metadata":{{"namespace":"demo","name":"{}"}},
      "spec":{{"invoker":{{"apiGroup":"stash.appscode.com","kind":"BackupConfiguration","name":"{}"}},"retryLeft":{}}}}})",
                                             name, invoker, retries));
  }
  void put_restore(std::string_view name = "back", std::string_view more = "") {
    api.put(api::kRestoreSession,
            fmt::format(R"({{"metadata":{{"namespace":"demo","name":"{}","generation":1}},
      "spec":{{{}"repository":{{"name":"repo"}},"target":{{"ref":{{"apiVersion":"apps/v1","kind":"Deployment","name":"web"}},
        "rules":[{{"paths":["/data"]}}],"volumeMounts":[{{"name":"data","mountPath":"/data"}}]}}}}}})",
                        name, more));
  }
  /// Asks for a deletion; no operator has seen it yet when this returns.
  Task<void> order_removal(const kube::Resource& kind, std::string name) {
    const kube::Ref ref("demo", std::move(name));
    auto for_operators = std::exchange(api.before, nullptr);
    co_await api.remove(kind, ref, kube::Propagation::Background, "");
    api.before = std::move(for_operators);
  }
  Task<void> remove(const kube::Resource& kind, std::string name) {
    co_await order_removal(kind, std::move(name));
    co_await settle();
  }

  // --- what others do ---

  /// Kubernetes makes the pods of the present template, all ready.
  void roll_out(const kube::Resource& kind = kube::kDeployment) {
    const auto object = workload(kind);
    const auto n = json::integer(object, "spec", "replicas").value_or(1);
    api.edit(kind, web,
             fmt::format(R"({{"status":{{"observedGeneration":{},"replicas":{},"updatedReplicas":{},
      "readyReplicas":{},"desiredNumberScheduled":{},"updatedNumberScheduled":{},"numberReady":{}}}}})",
                         kube::generation_of(object), n, n, n, n, n, n));
  }
  /// An executor writes its host's entry.
  void report(std::string_view session, std::vector<std::string> hosts,
              std::string_view phase = "Succeeded") {
    const auto object = api.get(api::kBackupSession, {"demo", std::string(session)});
    json::Document status = copy_of(*json::find(object, "status"));
    std::string stats;
    for (const std::string& host : hosts)
      stats += fmt::format(R"({}{{"hostname":"{}","phase":"{}"}})", stats.empty() ? "" : ",", host, phase);
    auto& allocator = status.GetAllocator();
    member(status["targets"][0], "stats", allocator)
        .CopyFrom(json::parse("[" + stats + "]", "stats"), allocator);
    api.edit(api::kBackupSession, {"demo", std::string(session)}, R"({"status":)" + json::dump(status) + "}");
  }
  /// The last executor tells how its closing work went.
  void close(std::string_view session) {
    const kube::Ref ref("demo", std::string(session));
    auto parsed = api::BackupSession::parse(api.get(api::kBackupSession, ref));
    for (const auto* type :
         {&api::kRetentionPolicyApplied, &api::kRepositoryIntegrityVerified, &api::kRepositoryMetricsPushed})
      api::set_condition(parsed.status.conditions, api::condition(*type, api::ConditionStatus::True, "done"),
                         timers.now());
    api.edit(api::kBackupSession, ref,
             fmt::format(R"({{"status":{{"conditions":{}}}}})", api::to_json(parsed.status.conditions)));
  }
  void report_restored(std::string_view name, const std::vector<std::string>& hosts) {
    std::string stats;
    for (const std::string& host : hosts)
      stats += fmt::format(R"({}{{"hostname":"{}","phase":"Succeeded"}})", stats.empty() ? "" : ",", host);
    api.edit(api::kRestoreSession, {"demo", std::string(name)},
             fmt::format(R"({{"status":{{"stats":[{}]}}}})", stats));
  }
  void report_restore(std::string_view name, std::string_view host, std::string_view phase) {
    api.edit(api::kRestoreSession, {"demo", std::string(name)},
             fmt::format(R"({{"status":{{"stats":[{{"hostname":"{}","phase":"{}","error":"why"}}]}}}})", host,
                         phase));
  }
  /// `ready` is its sidecar, which works for `nightly`.
  void put_pod(std::string_view name, bool ready, std::string_view owner_uid, std::string_view node = "n1",
               std::string_view hash = "") {
    api.put(kube::kPod, fmt::format(R"({{"metadata":{{"namespace":"demo","name":"{}","labels":{{"app":"web"}},
      "annotations":{{"{}":"{}"}},
      "ownerReferences":[{{"apiVersion":"apps/v1","kind":"StatefulSet","name":"web","uid":"{}"}}]}},
      "spec":{{"nodeName":"{}","containers":[{{"name":"stash","args":["--invoker-name=nightly"]}}]}},
      "status":{{"containerStatuses":[{{"name":"stash","ready":{}}}]}}}})",
                                    name, api::kBackupHashAnnotation, hash, owner_uid, node, ready));
  }

  // --- what is to be seen ---

  const kube::Ref web{"demo", "web"};

  json::Document workload(const kube::Resource& kind = kube::kDeployment) const { return api.get(kind, web); }
  /// The hash of the sidecar in the template.
  std::string sidecar_hash(const kube::Resource& kind = kube::kDeployment) const {
    const auto object = workload(kind);
    return std::string(kube::annotation_of(object["spec"]["template"], api::kBackupHashAnnotation));
  }
  /// Changes of the template since the user applied it.
  std::int64_t rollouts(const kube::Resource& kind = kube::kDeployment) const {
    return kube::generation_of(workload(kind)) - 1;
  }
  std::string names(std::string_view list, const kube::Resource& kind = kube::kDeployment) const {
    std::string out;
    const auto object = workload(kind);
    if (const json::Value* items = json::find(object, "spec", "template", "spec", list))
      for (const auto& item : items->GetArray())
        out += (out.empty() ? "" : ",") + std::string(json::text(item, "name"));
    return out;
  }
  /// "True SidecarInjectionSucceeded", or "" when there is no such condition.
  std::string condition(const kube::Resource& kind, std::string name, const api::ConditionType& type,
                        std::string_view ns = "demo") const {
    const auto object = api.get(kind, {std::string(ns), std::move(name)});
    if (const json::Value* list = json::find(object, "status", "conditions"))
      for (const auto& c : list->GetArray())
        if (json::text(c, "type") == type.name)
          return fmt::format("{} {}", json::text(c, "status"), json::text(c, "reason"));
    return "";
  }
  std::string message(const kube::Resource& kind, std::string name, const api::ConditionType& type) const {
    const auto object = api.get(kind, {"demo", std::move(name)});
    if (const json::Value* list = json::find(object, "status", "conditions"))
      for (const auto& c : list->GetArray())
        if (json::text(c, "type") == type.name) return std::string(json::text(c, "message"));
    return "";
  }
  std::string phase(const kube::Resource& kind, std::string name, std::string_view ns = "demo") const {
    const auto object = api.get(kind, {std::string(ns), std::move(name)});
    return object.IsObject() ? std::string(json::text(object, "status", "phase")) : "gone";
  }
  api::BackupSession session(std::string name) const {
    return api::BackupSession::parse(api.get(api::kBackupSession, {"demo", std::move(name)}));
  }
  std::vector<std::string> events() const {
    std::vector<std::string> out;
    for (const kube::Ref& ref : api.refs(kube::kEvent)) {
      const auto event = api.get(kube::kEvent, ref);
      out.emplace_back(json::text(event, "reason"));
    }
    return out;
  }
  bool has_event(std::string_view reason) const {
    const auto all = events();
    return std::ranges::find(all, reason) != all.end();
  }
  std::size_t writes(std::string_view plural) const {
    return static_cast<std::size_t>(std::ranges::count_if(api.calls, [&](const FakeApiServer::Call& call) {
      return call.plural == plural &&
             (call.verb.starts_with("patch") || call.verb == "create" || call.verb == "remove");
    }));
  }

 private:
  Task<void> wipe(kube::Ref repository) {
    if (!store_fault.empty()) throw Error(ErrorKind::Denied, "{}", store_fault);
    wiped.push_back(repository.str());
    co_return;
  }
  Task<void> run(controller::OperatorOptions options) {
    co_await controller::run_operator(std::move(options), api, timers, random);
  }

  std::vector<std::unique_ptr<net::TaskGroup>> operators_;
};

/// An operator, and a configuration that is Ready with its sidecar in every pod.
inline Task<void> get_ready(Cluster& c) {
  c.put_all();
  co_await c.start();
  c.roll_out();
  co_await c.settle();
  EXPECT_EQ(c.phase(api::kBackupConfiguration, "nightly"), "Ready");
}

inline Task<void> in_cluster(Cluster& cluster, std::function<Task<void>(Cluster&)> body) {
  std::exception_ptr failed;
  try {
    co_await body(cluster);
  } catch (...) {
    failed = std::current_exception();
  }
  cluster.api.before = nullptr;
  co_await cluster.stop_all();
  if (failed) std::rethrow_exception(failed);
}

inline void with_cluster(std::function<Task<void>(Cluster&)> body) {
  stash::log::set_level(stash::log::Level::Error);
  Cluster cluster;
  net::run(net::within(60s, "test", in_cluster(cluster, std::move(body))));
}

}  // namespace stash::test
