#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "stash/api/backup_session.hpp"
#include "stash/api/conditions.hpp"
#include "stash/api/repository.hpp"
#include "stash/api/restore_session.hpp"
#include "stash/base/bytes.hpp"
#include "stash/executor/init.hpp"
#include "stash/executor/sidecar.hpp"
#include "stash/kube/resources.hpp"
#include "support/fake_api_server.hpp"
#include "support/temp_dir.hpp"

namespace stash::executor {

using namespace std::chrono_literals;
using test::FakeApiServer;
using test::TempDir;

/// Sidecar and restore init container against an API server in memory and a real repository in a directory.
class Executors : public testing::Test {
 public:
  Executors() {
    std::filesystem::create_directories(data_ / "sub");
    write(data_ / "a.txt", "hello");
    write(data_ / "sub/b.txt", std::string(100'000, 'b'));
    server_.put(kube::kSecret, fmt::format(R"({{"metadata":{{"namespace":"demo","name":"cred"}},
      "data":{{"RESTIC_PASSWORD":"{}"}}}})",
                                           to_base64(as_bytes("secret\n"))));
    server_.put(api::kRepository, fmt::format(R"({{"metadata":{{"namespace":"demo","name":"repo"}},
      "spec":{{"backend":{{"storageSecretName":"cred","local":{{"mountPath":"{}"}}}}}}}})",
                                              store_.path()));
    server_.put(kube::kPod,
                R"({"metadata":{"namespace":"demo","name":"web-0"},"spec":{"containers":[{"name":"app"}]},
      "status":{"podIP":"127.0.0.1"}})");
    put_configuration("", data_.path());
  }

  static void write(const std::string& path, const std::string& text) { std::ofstream(path) << text; }
  static std::string read(const std::string& path) {
    std::ifstream in(path);
    return {std::istreambuf_iterator<char>(in), {}};
  }

  void put_configuration(const std::string& more, const std::string& path) {
    server_.put(api::kBackupConfiguration,
                fmt::format(R"({{"metadata":{{"namespace":"demo","name":"nightly"}},
      "spec":{{"repository":{{"name":"repo"}},"retentionPolicy":{{"name":"keep-2","keepLast":2,"prune":true}},{}
      "target":{{"ref":{{"apiVersion":"apps/v1","kind":"Deployment","name":"web"}},"paths":["{}"]}}}}}})",
                            more, path));
  }

  /// A session as the operator prepares it.
  void put_session(const std::string& name, const std::string& more = "",
                   const std::string& workload = "web") {
    server_.put(api::kBackupSession, fmt::format(R"({{"metadata":{{"namespace":"demo","name":"{}"}},
      "spec":{{"invoker":{{"kind":"BackupConfiguration","name":"nightly"}}}},
      "status":{{"phase":"Running",{}"targets":[{{"ref":{{"apiVersion":"apps/v1","kind":"Deployment","name":"{}"}},
        "totalHosts":1,"preBackupActions":["InitializeBackendRepository"],
        "postBackupActions":["ApplyRetentionPolicy","VerifyRepositoryIntegrity","SendRepositoryMetrics"]}}]}}}})",
                                                 name, more, workload));
  }

  void put_restore(const std::string& rules, const std::string& status = "{}") {
    server_.put(api::kRestoreSession, fmt::format(R"({{"metadata":{{"namespace":"demo","name":"back"}},
      "spec":{{"repository":{{"name":"repo"}},"target":{{"ref":{{"apiVersion":"apps/v1","kind":"Deployment","name":"web"}},
        "rules":{}}}}},"status":{}}})",
                                                  rules, status));
  }

  /// Gives it a command to run before the work.
  void hook_restore() {
    server_.edit(api::kRestoreSession, kube::Ref("demo", "back"),
                 R"({"spec":{"hooks":{"preRestore":{"exec":{"command":["stop"]}}}}})");
  }

  Place place(const std::string& invoker_kind, const std::string& invoker) const {
    Place p;
    p.ns = "demo";
    p.invoker_kind = invoker_kind;
    p.invoker_name = invoker;
    p.target_kind = "Deployment";
    p.target_name = "web";
    p.pod_name = "web-0";
    p.node_name = "node-1";
    return p;
  }

  api::BackupSession session(const std::string& name) const {
    return api::BackupSession::parse(server_.get(api::kBackupSession, kube::Ref("demo", name)));
  }
  api::RestoreSession restore_session() const {
    return api::RestoreSession::parse(server_.get(api::kRestoreSession, kube::Ref("demo", "back")));
  }

  /// Runs the sidecar until `done` of the named session, or for at most half a minute.
  void run_sidecar_until(const std::string& name, std::function<bool(const api::BackupSession&)> done,
                         const std::string& workload = "web") {
    auto body = [](Executors& self, std::string n, std::function<bool(const api::BackupSession&)> d,
                   std::string w) -> Task<void> {
      SidecarOptions options;
      options.place = self.place("BackupConfiguration", "nightly");
      options.place.target_name = w;
      net::TaskGroup group;
      co_await group.spawn(self.forget_result(run_sidecar(self.services_, std::move(options))));
      for (int i = 0; i < 3000 && !d(self.session(n)); ++i) co_await self.timers_.sleep(10ms);
      group.cancel();
      co_await group.join();
    };
    net::run(body(*this, name, done, workload));
  }

  static Task<void> forget_result(Task<int> task) {
    const int code = co_await std::move(task);
    EXPECT_EQ(code, 0);
  }

  int restore_into(const std::string& root, const std::string& target_kind = "Deployment") {
    InitOptions options;
    options.place = place("RestoreSession", "back");
    options.place.target_kind = target_kind;
    options.root = root;
    return net::run(run_init(services_, std::move(options)));
  }

  /// A member of every Event.
  std::vector<std::string> events(const char* member) const {
    std::vector<std::string> texts;
    for (const auto& ref : server_.refs(kube::kEvent)) {
      texts.emplace_back(json::text(server_.get(kube::kEvent, ref), member));
    }
    return texts;
  }
  std::vector<std::string> event_reasons() const { return events("reason"); }

  TempDir data_;
  TempDir store_;
  net::Pool pool_{2};
  net::SystemTimers timers_;
  SystemRandom random_;
  FakeApiServer server_{timers_};
  Services services_{server_, pool_, timers_, random_};
};

inline bool finished(const api::BackupSession& s) {
  return api::find_condition(s.status.conditions, api::kRepositoryMetricsPushed) != nullptr;
}

inline bool reported(const api::BackupSession& s) { return s.status.targets[0].host("host-0") != nullptr; }

}  // namespace stash::executor
