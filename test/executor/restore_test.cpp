// The restore init container against an API server in memory and a real repository in a directory.

#include "executor/executors.hpp"
#include "stash/base/error.hpp"

namespace stash::executor {
namespace {

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

TEST_F(Executors, WhatMayPassLeavesNoVerdictButAWarning) {
  put_restore(R"([{"paths":["/x"]}])");
  server_.before = [](const FakeApiServer::Call& call) {
    if (call.plural == "secrets") throw Error(ErrorKind::Unavailable, "no answer");
  };
  TempDir root;

  EXPECT_EQ(restore_into(root.path()), 1);

  EXPECT_EQ(restore_session().status.host("host-0"), nullptr);
  EXPECT_EQ(event_reasons(), std::vector<std::string>{"Host Restore Failed"});
  EXPECT_EQ(events("message"), std::vector<std::string>{"no answer"});
}

TEST_F(Executors, AnUnreachableApiServerDoesNotStartTheApplication) {
  server_.before = [](const FakeApiServer::Call&) { throw Error(ErrorKind::Unavailable, "down"); };
  TempDir root;
  EXPECT_EQ(restore_into(root.path()), 1);
}

TEST_F(Executors, AMissingPasswordFailsTheRestoreAndNamesSecretAndKey) {
  server_.put(kube::kSecret, R"({"metadata":{"namespace":"demo","name":"cred"},"data":{}})");
  put_restore(R"([{"paths":["/x"]}])");
  TempDir root;

  EXPECT_EQ(restore_into(root.path()), 1);

  const auto failed = restore_session();
  ASSERT_NE(failed.status.host("host-0"), nullptr);
  EXPECT_EQ(failed.status.host("host-0")->phase, api::RestoreHostPhase::Failed);
  EXPECT_EQ(failed.status.host("host-0")->error, "Secret demo/cred has no key RESTIC_PASSWORD");
}

TEST_F(Executors, AMissingSecretIsWaitedForAndToldByItsName) {
  server_.erase(kube::kSecret, kube::Ref("demo", "cred"));
  put_restore(R"([{"paths":["/x"]}])");
  TempDir root;

  EXPECT_EQ(restore_into(root.path()), 1);

  EXPECT_EQ(restore_session().status.host("host-0"), nullptr);
  EXPECT_EQ(events("message"), std::vector<std::string>{"Backend Secret demo/cred does not exist"});
}

TEST_F(Executors, ARepositoryThatCannotBeOpenedRunsNoPreRestoreHook) {
  put_restore(R"([{"paths":["/x"]}])");
  hook_restore();
  int hooks = 0;
  server_.on_exec = [&hooks](const kube::Ref&, const std::string&, const std::vector<std::string>&) {
    ++hooks;
    return kube::ExecResult();
  };
  TempDir root;

  EXPECT_EQ(restore_into(root.path()), 1);

  EXPECT_EQ(hooks, 0);
  EXPECT_NE(restore_session().status.host("host-0"), nullptr);
}

TEST_F(Executors, WhatWasRestoredForASessionIsNotToldToTheNextOfItsName) {
  put_session("nightly-1");
  run_sidecar_until("nightly-1", finished);
  const std::string rules = fmt::format(R"([{{"paths":["{}"]}}])", data_.path());
  put_restore(rules);
  hook_restore();
  server_.on_exec = [&](const kube::Ref&, const std::string&, const std::vector<std::string>&) {
    server_.erase(api::kRestoreSession, kube::Ref("demo", "back"));
    put_restore(rules);
    return kube::ExecResult();
  };
  TempDir root;

  EXPECT_EQ(restore_into(root.path()), 1);
  EXPECT_EQ(restore_session().status.host("host-0"), nullptr);

  std::filesystem::remove_all(root.path() + data_.path());
  EXPECT_EQ(restore_into(root.path()), 0);
  EXPECT_EQ(read(root.path() + data_.path() + "/a.txt"), "hello");
}

TEST_F(Executors, RulesThatLeaveOutTheOnlyHostFailIt) {
  put_restore(R"([{"targetHosts":["host-7","host-8"],"paths":["/x"]}])");
  TempDir root;

  EXPECT_EQ(restore_into(root.path()), 1);

  const auto failed = restore_session();
  ASSERT_NE(failed.status.host("host-0"), nullptr);
  EXPECT_EQ(failed.status.host("host-0")->error,
            "no rule is for host host-0; targetHosts of the rules: host-7, host-8");
}

TEST_F(Executors, RulesMayLeaveOutAnOrdinal) {
  put_restore(R"([{"targetHosts":["host-7"],"paths":["/x"]}])");
  TempDir root;

  EXPECT_EQ(restore_into(root.path(), "StatefulSet"), 0);

  const auto passed = restore_session();
  ASSERT_NE(passed.status.host("host-0"), nullptr);
  EXPECT_EQ(passed.status.host("host-0")->phase, api::RestoreHostPhase::Succeeded);
  ASSERT_EQ(events("message").size(), 1u);
  EXPECT_NE(events("message")[0].find("no rule is for this host"), std::string::npos);
}

}  // namespace
}  // namespace stash::executor
