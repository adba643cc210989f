#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <string>

#include "stash/kube/cache.hpp"
#include "stash/kube/events.hpp"
#include "stash/kube/lease.hpp"
#include "stash/kube/resources.hpp"
#include "stash/kube/rest_client.hpp"
#include "stash/kube/status.hpp"
#include "support/control_plane.hpp"

namespace stash::test {

/// One test's view of the shared control plane: a client and a namespace of its own.
struct Server {
  kube::Config config = ControlPlane::shared().config();
  net::SystemTimers timers;
  SystemRandom random;
  net::Pool pool{1};
  kube::RestClient client{config, timers, random, pool};
  std::string ns = fmt::format("t-{:x}", random.number());
};

inline Task<void> in_namespace(Server& server, std::function<Task<void>(Server&)> body) {
  co_await server.client.create(
      kube::kNamespace, "",
      fmt::format(R"({{"apiVersion":"v1","kind":"Namespace","metadata":{{"name":"{}"}}}})", server.ns));
  co_await body(server);
  co_await server.client.remove(kube::kNamespace, kube::Ref("", server.ns), kube::Propagation::Background,
                                "");
}

/// Runs `body` within `limit`.
inline void with_server(std::function<Task<void>(Server&)> body, Duration limit = std::chrono::seconds(60)) {
  Server server;
  net::run(net::within(limit, "test", in_namespace(server, std::move(body))));
}

/// The kind of Error that `task` fails with; nothing when it succeeds.
template <class T>
Task<std::optional<ErrorKind>> kind_of(Task<T> task) {
  try {
    co_await std::move(task);
  } catch (const Error& e) {
    co_return e.kind();
  }
  co_return std::nullopt;
}

inline std::string config_map(const kube::Ref& ref, std::string_view value) {
  return fmt::format(
      R"({{"apiVersion":"v1","kind":"ConfigMap","metadata":{{"name":"{}","namespace":"{}"}},"data":{{"key":"{}"}}}})",
      ref.name, ref.ns, value);
}

inline std::string secret(const kube::Ref& ref, std::string_view parity) {
  return fmt::format(
      R"({{"apiVersion":"v1","kind":"Secret","metadata":{{"name":"{}","namespace":"{}","labels":{{"parity":"{}"}}}}}})",
      ref.name, ref.ns, parity);
}

inline std::string deployment(const kube::Ref& ref) {
  return fmt::format(
      R"({{"apiVersion":"apps/v1","kind":"Deployment","metadata":{{"name":"{}","namespace":"{}"}},"spec":{{"selector":)"
      R"({{"matchLabels":{{"app":"w"}}}},"template":{{"metadata":{{"labels":{{"app":"w"}}}},"spec":{{"containers":)"
      R"([{{"name":"app","image":"busybox"}}]}}}}}}}})",
      ref.name, ref.ns);
}

inline std::string replication_controller(const kube::Ref& ref) {
  return fmt::format(
      R"({{"apiVersion":"v1","kind":"ReplicationController","metadata":{{"name":"{}","namespace":"{}"}},"spec":)"
      R"({{"replicas":0,"selector":{{"app":"w"}},"template":{{"metadata":{{"labels":{{"app":"w"}}}},"spec":)"
      R"({{"containers":[{{"name":"app","image":"busybox"}}]}}}}}}}})",
      ref.name, ref.ns);
}

/// "a,b" of a workload's pod template.
inline std::string container_names(const json::Value& workload) {
  std::string out;
  for (const auto& container : json::find(workload, "spec", "template", "spec", "containers")->GetArray()) {
    if (!out.empty()) out += ',';
    out += json::text(container, "name");
  }
  return out;
}

}  // namespace stash::test
