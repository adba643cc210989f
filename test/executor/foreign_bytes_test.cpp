// What is not UTF-8, in names of files and in what other programs print, on its way into a status.

#include "executor/executors.hpp"
#include "executor/session_status.hpp"

namespace stash::executor {
namespace {

const std::string kInstead = "\xEF\xBF\xBD";

TEST_F(Executors, AnErrorThatIsNotUtf8IsWrittenWithAReplacement) {
  put_session("nightly-1");
  BackupChange change = [](api::BackupSession& session) {
    api::HostBackupStats host;
    host.hostname = "host-0";
    host.phase = api::HostPhase::Failed;
    host.error = "\xFF";
    session.status.targets[0].stats.push_back(host);
    return true;
  };

  const auto written = net::run(change_status(services_, session("nightly-1").metadata, change));

  ASSERT_TRUE(written);
  EXPECT_EQ(session("nightly-1").status.targets[0].host("host-0")->error, kInstead);
}

TEST_F(Executors, AHookThatPrintsForeignBytesFailsItsHostOnce) {
  put_configuration(R"("hooks":{"preBackup":{"exec":{"command":["freeze"]}}},)", data_.path());
  put_session("nightly-1");
  int runs = 0;
  server_.on_exec = [&runs](const kube::Ref&, const std::string&, const std::vector<std::string>&) {
    ++runs;
    kube::ExecResult result;
    result.exit_code = 1;
    result.output = "caf\xE9 is closed";
    return result;
  };

  run_sidecar_until("nightly-1", reported);

  EXPECT_EQ(runs, 1);
  ASSERT_TRUE(reported(session("nightly-1")));
  const std::string error = session("nightly-1").status.targets[0].host("host-0")->error;
  EXPECT_NE(error.find("caf" + kInstead + " is closed"), std::string::npos) << error;
}

TEST_F(Executors, AFileWithAForeignNameThatIsNotRestoredIsToldByItsBytes) {
  const std::string name = "/Andr\xE9.doc";
  write(data_.path() + name, "letter");
  put_session("nightly-1");
  run_sidecar_until("nightly-1", finished);
  TempDir root;
  std::filesystem::create_directories(root.path() + data_.path() + name + "/in the way");
  put_restore(fmt::format(R"([{{"paths":["{}"]}}])", data_.path()));

  EXPECT_EQ(restore_into(root.path()), 1);

  const api::RestoreSession told = restore_session();
  const auto* host = told.status.host("host-0");
  ASSERT_NE(host, nullptr);
  EXPECT_NE(host->error.find("/Andr\\xe9.doc: "), std::string::npos) << host->error;
}

}  // namespace
}  // namespace stash::executor
