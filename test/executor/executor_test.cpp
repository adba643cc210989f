// Sidecar, restore init container and trigger against an API server in memory and a real repository in a
// directory.

#include "executor/executors.hpp"

#include "stash/api/names.hpp"
#include "stash/base/error.hpp"
#include "stash/executor/trigger.hpp"

namespace stash::executor {
namespace {

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
