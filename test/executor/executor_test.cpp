// Sidecar, restore init container and trigger against an API server in memory and a real repository in a
// directory.

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "stash/api/backup_session.hpp"
#include "stash/api/conditions.hpp"
#include "stash/api/names.hpp"
#include "stash/api/repository.hpp"
#include "stash/api/restore_session.hpp"
#include "stash/base/bytes.hpp"
#include "stash/base/error.hpp"
#include "stash/executor/init.hpp"
#include "stash/executor/sidecar.hpp"
#include "stash/executor/trigger.hpp"
#include "stash/kube/resources.hpp"
#include "support/fake_api_server.hpp"
#include "support/temp_dir.hpp"

namespace stash::executor {
namespace {

using namespace std::chrono_literals;
using test::FakeApiServer;
using test::TempDir;

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
  void put_session(const std::string& name, const std::string& more = "") {
    server_.put(api::kBackupSession, fmt::format(R"({{"metadata":{{"namespace":"demo","name":"{}"}},
      "spec":{{"invoker":{{"kind":"BackupConfiguration","name":"nightly"}}}},
      "status":{{"phase":"Running",{}"targets":[{{"ref":{{"apiVersion":"apps/v1","kind":"Deployment","name":"web"}},
        "totalHosts":1,"preBackupActions":["InitializeBackendRepository"],
        "postBackupActions":["ApplyRetentionPolicy","VerifyRepositoryIntegrity","SendRepositoryMetrics"]}}]}}}})",
                                                 name, more));
  }

  void put_restore(const std::string& rules, const std::string& status = "{}") {
    server_.put(api::kRestoreSession, fmt::format(R"({{"metadata":{{"namespace":"demo","name":"back"}},
      "spec":{{"repository":{{"name":"repo"}},"target":{{"ref":{{"apiVersion":"apps/v1","kind":"Deployment","name":"web"}},
        "rules":{}}}}},"status":{}}})",
                                                  rules, status));
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
  void run_sidecar_until(const std::string& name, std::function<bool(const api::BackupSession&)> done) {
    auto body = [](Executors& self, std::string n,
                   std::function<bool(const api::BackupSession&)> d) -> Task<void> {
      SidecarOptions options;
      options.place = self.place("BackupConfiguration", "nightly");
      net::TaskGroup group;
      co_await group.spawn(self.forget_result(run_sidecar(self.services_, std::move(options))));
      for (int i = 0; i < 3000 && !d(self.session(n)); ++i) co_await self.timers_.sleep(10ms);
      group.cancel();
      co_await group.join();
    };
    net::run(body(*this, name, done));
  }

  static Task<void> forget_result(Task<int> task) {
    const int code = co_await std::move(task);
    EXPECT_EQ(code, 0);
  }

  int restore_into(const std::string& root) {
    InitOptions options;
    options.place = place("RestoreSession", "back");
    options.root = root;
    return net::run(run_init(services_, std::move(options)));
  }

  std::vector<std::string> event_reasons() const {
    std::vector<std::string> reasons;
    for (const auto& ref : server_.refs(kube::kEvent)) {
      reasons.emplace_back(json::text(server_.get(kube::kEvent, ref), "reason"));
    }
    return reasons;
  }

  TempDir data_;
  TempDir store_;
  net::Pool pool_{2};
  net::SystemTimers timers_;
  SystemRandom random_;
  FakeApiServer server_{timers_};
  Services services_{server_, pool_, timers_, random_};
};

bool finished(const api::BackupSession& s) {
  return api::find_condition(s.status.conditions, api::kRepositoryMetricsPushed) != nullptr;
}

bool reported(const api::BackupSession& s) { return s.status.targets[0].host("host-0") != nullptr; }

TEST_F(Executors, ASessionIsBackedUpFinishedAndRestored) {
  put_session("nightly-1");

  run_sidecar_until("nightly-1", finished);

  const auto backed_up = session("nightly-1");
  const auto* host = backed_up.status.targets[0].host("host-0");
  ASSERT_NE(host, nullptr);
  EXPECT_EQ(host->phase, api::HostPhase::Succeeded) << host->error;
  ASSERT_EQ(host->snapshots.size(), 1u);
  EXPECT_EQ(host->snapshots[0].path, data_.path());
  EXPECT_EQ(host->snapshots[0].file_stats.total_files, 2);
  for (const auto* type : {&api::kBackendRepositoryInitialized, &api::kRetentionPolicyApplied,
                           &api::kRepositoryIntegrityVerified, &api::kRepositoryMetricsPushed}) {
    EXPECT_TRUE(api::is_true(backed_up.status.conditions, *type)) << type->name;
  }
  EXPECT_EQ(event_reasons(), std::vector<std::string>{"Host Backup Succeeded"});
  const auto repository = api::Repository::parse(server_.get(api::kRepository, kube::Ref("demo", "repo")));
  EXPECT_EQ(repository.status.snapshot_count, 1);
  EXPECT_EQ(repository.status.integrity, true);
  EXPECT_TRUE(repository.status.last_backup_time);

  TempDir root;
  put_restore(fmt::format(R"([{{"paths":["{}"]}}])", data_.path()));
  EXPECT_EQ(restore_into(root.path()), 0);
  EXPECT_EQ(read(root.path() + data_.path() + "/a.txt"), "hello");
  EXPECT_EQ(read(root.path() + data_.path() + "/sub/b.txt"), std::string(100'000, 'b'));
  ASSERT_NE(restore_session().status.host("host-0"), nullptr);
  EXPECT_EQ(restore_session().status.host("host-0")->phase, api::RestoreHostPhase::Succeeded);
}

TEST_F(Executors, AMissingPathFailsTheHostWithItsName) {
  put_configuration("", data_.path() + "/none");
  put_session("nightly-1");

  run_sidecar_until("nightly-1", reported);

  const auto failed = session("nightly-1");
  const auto* host = failed.status.targets[0].host("host-0");
  ASSERT_NE(host, nullptr);
  EXPECT_EQ(host->phase, api::HostPhase::Failed);
  EXPECT_NE(host->error.find("/none"), std::string::npos) << host->error;
}

TEST_F(Executors, AMissingPasswordFailsTheHostAndNamesSecretAndKey) {
  server_.put(kube::kSecret, R"({"metadata":{"namespace":"demo","name":"cred"},"data":{}})");
  put_session("nightly-1");

  run_sidecar_until("nightly-1", reported);

  const auto failed = session("nightly-1");
  const auto* host = failed.status.targets[0].host("host-0");
  ASSERT_NE(host, nullptr);
  EXPECT_EQ(host->error, "Secret demo/cred has no key RESTIC_PASSWORD");
}

TEST_F(Executors, AHostThatHasReportedIsNotBackedUpAgain) {
  put_session("nightly-1");
  run_sidecar_until("nightly-1", finished);
  const std::string id = session("nightly-1").status.targets[0].host("host-0")->snapshots[0].name;

  run_sidecar_until("nightly-1", finished);
  put_session("nightly-2");
  run_sidecar_until("nightly-2", finished);

  EXPECT_EQ(session("nightly-1").status.targets[0].host("host-0")->snapshots[0].name, id);
  EXPECT_NE(session("nightly-2").status.targets[0].host("host-0")->snapshots[0].name, id);
}

TEST_F(Executors, AFaultyApiServerOnlyDelays) {
  put_session("nightly-1");
  int faults = 1;
  server_.before = [&faults](const FakeApiServer::Call& call) {
    if (call.plural == "backupsessions" && call.verb == "patch status" && faults-- > 0) {
      throw Error(ErrorKind::Unavailable, "try later");
    }
  };

  run_sidecar_until("nightly-1", finished);

  EXPECT_TRUE(finished(session("nightly-1")));
}

TEST_F(Executors, AFailingPreHookSkipsTheWorkAndThePostHookStillRuns) {
  put_configuration(R"("hooks":{"preBackup":{"exec":{"command":["freeze"]}},
    "postBackup":{"executionPolicy":"OnFailure","exec":{"command":["echo","{{ .Status.Phase }}"]}}},)",
                    data_.path());
  std::vector<std::string> commands;
  server_.on_exec = [&commands](const kube::Ref&, const std::string&,
                                const std::vector<std::string>& command) {
    kube::ExecResult result;
    commands.push_back(command.back());
    result.exit_code = command[0] == "freeze" ? 7 : 0;
    result.output = "no such table";
    return result;
  };
  put_session("nightly-1");

  run_sidecar_until("nightly-1", reported);

  EXPECT_EQ(commands, (std::vector<std::string>{"freeze", "Failed"}));
  const auto failed = session("nightly-1");
  const auto& target = failed.status.targets[0];
  EXPECT_TRUE(api::is_false(target.conditions, api::kPreBackupHook));
  EXPECT_TRUE(api::is_true(target.conditions, api::kPostBackupHook));
  EXPECT_TRUE(target.host("host-0")->snapshots.empty());
  EXPECT_NE(target.host("host-0")->error.find("exit code 7: no such table"), std::string::npos);
}

TEST_F(Executors, TheOrdinalsOfAStatefulSetTakeTurnsAndOneFinishes) {
  server_.put(api::kBackupSession, R"({"metadata":{"namespace":"demo","name":"nightly-1"},
    "spec":{"invoker":{"kind":"BackupConfiguration","name":"nightly"}},
    "status":{"phase":"Running","targets":[{"ref":{"apiVersion":"apps/v1","kind":"StatefulSet","name":"web"},
      "totalHosts":2,"preBackupActions":["InitializeBackendRepository"],
      "postBackupActions":["ApplyRetentionPolicy","VerifyRepositoryIntegrity","SendRepositoryMetrics"]}]}})");
  auto body = [](Executors& self) -> Task<void> {
    net::TaskGroup group;
    for (const char* pod : {"web-0", "web-1"}) {
      SidecarOptions options;
      options.place = self.place("BackupConfiguration", "nightly");
      options.place.target_kind = "StatefulSet";
      options.place.pod_name = pod;
      co_await group.spawn(forget_result(run_sidecar(self.services_, std::move(options))));
    }
    for (int i = 0; i < 3000 && !finished(self.session("nightly-1")); ++i) co_await self.timers_.sleep(10ms);
    group.cancel();
    co_await group.join();
  };
  net::run(body(*this));

  const auto backed_up = session("nightly-1");
  const auto& target = backed_up.status.targets[0];
  EXPECT_EQ(target.stats.size(), 2u);
  for (const char* name : {"host-0", "host-1"}) {
    ASSERT_NE(target.host(name), nullptr);
    EXPECT_EQ(target.host(name)->phase, api::HostPhase::Succeeded) << target.host(name)->error;
  }
  EXPECT_TRUE(api::is_true(backed_up.status.conditions, api::kRetentionPolicyApplied));
  const auto* last_word =
      api::find_condition(backed_up.status.conditions, api::kBackendRepositoryInitialized);
  EXPECT_EQ(last_word->message,
            fmt::format("host {} found the repository ready", target.stats.back().hostname));
  const auto lease = server_.get(kube::kLease, kube::Ref("demo", "lock-statefulset-web-backup"));
  EXPECT_EQ(json::text(lease, "spec", "holderIdentity"), "")
      << "a lease that is not given back delays the next host";
}

TEST_F(Executors, WorkForASessionThatIsDeletedIsStopped) {
  put_configuration(R"("hooks":{"preBackup":{"exec":{"command":["wait"]}}},)", data_.path());
  put_session("nightly-1");
  server_.on_exec = [this](const kube::Ref&, const std::string&, const std::vector<std::string>&) {
    server_.erase(api::kBackupSession, kube::Ref("demo", "nightly-1"));
    return kube::ExecResult();
  };
  auto body = [](Executors& self) -> Task<void> {
    SidecarOptions options;
    options.place = self.place("BackupConfiguration", "nightly");
    net::TaskGroup group;
    co_await group.spawn(forget_result(run_sidecar(self.services_, std::move(options))));
    const auto gone = [&self] {
      return !self.server_.has(api::kBackupSession, kube::Ref("demo", "nightly-1"));
    };
    for (int i = 0; i < 500 && !gone(); ++i) co_await self.timers_.sleep(10ms);
    co_await self.timers_.sleep(50ms);
    group.cancel();
    co_await group.join();
  };
  net::run(body(*this));

  EXPECT_TRUE(event_reasons().empty()) << "nothing is told of a session that is gone";
}

TEST_F(Executors, TheEndOfASessionStopsTheDataAndNeitherPostHookNorReport) {
  put_configuration(R"("hooks":{"preBackup":{"exec":{"command":["freeze"]}},
    "postBackup":{"exec":{"command":["thaw"]}}},)",
                    data_.path());
  put_session("nightly-1");
  std::vector<std::string> commands;
  server_.on_exec = [this, &commands](const kube::Ref&, const std::string&,
                                      const std::vector<std::string>& command) {
    commands.push_back(command[0]);
    if (command[0] == "freeze")
      server_.edit(api::kBackupSession, {"demo", "nightly-1"}, R"({"status":{"phase":"Failed"}})");
    return kube::ExecResult();
  };

  run_sidecar_until("nightly-1", reported);

  EXPECT_EQ(commands, (std::vector<std::string>{"freeze", "thaw"}));
  const auto ended = session("nightly-1");
  const auto* host = ended.status.targets[0].host("host-0");
  ASSERT_NE(host, nullptr);
  EXPECT_EQ(host->phase, api::HostPhase::Failed);
  EXPECT_EQ(host->error, "stopped: the session has ended");
  EXPECT_TRUE(api::is_true(ended.status.targets[0].conditions, api::kPostBackupHook));
}

TEST_F(Executors, WhatWasDoneForASessionIsNotToldToTheNextOfItsName) {
  put_configuration(R"("hooks":{"preBackup":{"exec":{"command":["freeze"]}}},)", data_.path());
  put_session("nightly-1");
  int freezes = 0;
  server_.on_exec = [this, &freezes](const kube::Ref&, const std::string&, const std::vector<std::string>&) {
    if (++freezes == 1) {
      server_.erase(api::kBackupSession, kube::Ref("demo", "nightly-1"));
      put_session("nightly-1");
    }
    return kube::ExecResult();
  };

  run_sidecar_until("nightly-1", finished);

  EXPECT_EQ(freezes, 2);
  const auto anew = session("nightly-1");
  ASSERT_NE(anew.status.targets[0].host("host-0"), nullptr);
  EXPECT_EQ(anew.status.targets[0].host("host-0")->phase, api::HostPhase::Succeeded);
}

TEST_F(Executors, NothingToRestoreTouchesNothing) {
  TempDir root;
  EXPECT_EQ(restore_into(root.path()), 0);
  put_restore("[]", R"({"phase":"Succeeded"})");
  EXPECT_EQ(restore_into(root.path()), 0);

  EXPECT_EQ(server_.writes(), 0u);
  EXPECT_TRUE(std::filesystem::is_empty(root.path()));
}

TEST_F(Executors, AFailedRestoreStaysFailedUntilTheSessionIsReplaced) {
  put_session("nightly-1");
  run_sidecar_until("nightly-1", finished);
  TempDir root;
  put_restore(R"([{"paths":["/never/backed/up"]}])");

  EXPECT_EQ(restore_into(root.path()), 1);
  EXPECT_EQ(restore_session().status.host("host-0")->phase, api::RestoreHostPhase::Failed);
  EXPECT_EQ(restore_into(root.path()), 1);
  EXPECT_TRUE(std::filesystem::is_empty(root.path()));

  put_restore(fmt::format(R"([{{"paths":["{}"]}}])", data_.path()));
  EXPECT_EQ(restore_into(root.path()), 0);
  EXPECT_EQ(read(root.path() + data_.path() + "/a.txt"), "hello");
}

TEST_F(Executors, WhatMayPassLeavesNoVerdict) {
  put_restore(R"([{"paths":["/x"]}])");
  server_.erase(kube::kSecret, kube::Ref("demo", "cred"));
  TempDir root;

  EXPECT_EQ(restore_into(root.path()), 1);

  EXPECT_EQ(restore_session().status.host("host-0"), nullptr);
}

TEST_F(Executors, AnUnreachableApiServerDoesNotStartTheApplication) {
  server_.before = [](const FakeApiServer::Call&) { throw Error(ErrorKind::Unavailable, "down"); };
  TempDir root;
  EXPECT_EQ(restore_into(root.path()), 1);
}

TEST_F(Executors, TheTriggerMakesOneOwnedSession) {
  TriggerOptions options;
  options.ns = "demo";
  options.invoker_name = "nightly";

  const std::string name = net::run(create_session(services_, options));

  const auto made = session(name);
  EXPECT_EQ(made.spec.invoker.name, "nightly");
  EXPECT_EQ(made.metadata.labels.at(std::string(api::kInvokerNameLabel)), "nightly");
  const auto owner = server_.get(api::kBackupConfiguration, kube::Ref("demo", "nightly"));
  EXPECT_TRUE(
      kube::is_owned_by(server_.get(api::kBackupSession, kube::Ref("demo", name)), kube::uid_of(owner)));
}

TEST_F(Executors, TheTriggerNamesAMissingInvoker) {
  TriggerOptions options;
  options.ns = "demo";
  options.invoker_name = "none";
  try {
    net::run(create_session(services_, options));
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), ErrorKind::NotFound);
    EXPECT_STREQ(e.what(), "BackupConfiguration demo/none does not exist");
  }
  EXPECT_EQ(net::run(run_trigger(services_, options)), 1);
}

}  // namespace
}  // namespace stash::executor
