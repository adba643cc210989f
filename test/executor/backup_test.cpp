// What a sidecar leaves behind, and what it leaves alone.

#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>

#include "executor/executors.hpp"

namespace stash::executor {
namespace {

TEST_F(Executors, WorkThatIsStoppedThawsWhatItHasFrozen) {
  put_configuration(R"("hooks":{"preBackup":{"exec":{"command":["freeze"]}},
    "postBackup":{"exec":{"command":["thaw"]}}},)",
                    data_.path());
  put_session("nightly-1");
  std::vector<std::string> commands;
  auto body = [](Executors& self, std::vector<std::string>& run) -> Task<void> {
    net::TaskGroup group;
    // As a signal comes: not from within the work, but when it waits.
    const auto executor = co_await boost::asio::this_coro::executor;
    self.server_.on_exec = [&group, &run, executor](const kube::Ref&, const std::string&,
                                                    const std::vector<std::string>& command) {
      run.push_back(command[0]);
      if (command[0] == "freeze") boost::asio::post(executor, [&group] { group.cancel(); });
      return kube::ExecResult();
    };
    SidecarOptions options;
    options.place = self.place("BackupConfiguration", "nightly");
    co_await group.spawn(forget_result(run_sidecar(self.services_, std::move(options))));
    co_await group.join();
  };

  net::run(body(*this, commands));

  EXPECT_EQ(commands, (std::vector<std::string>{"freeze", "thaw"}));
  EXPECT_FALSE(reported(session("nightly-1")));
  EXPECT_TRUE(event_reasons().empty()) << "it is done again by whoever comes next";
}

TEST_F(Executors, RetentionForgetsSnapshotsOfItsOwnWorkloadOnly) {
  for (const std::string workload : {"api", "api", "web", "web", "web"}) {
    const std::string name = fmt::format("nightly-{}", server_.refs(api::kBackupSession).size());
    put_session(name, "", workload);
    run_sidecar_until(name, finished, workload);
  }

  const auto repository = api::Repository::parse(server_.get(api::kRepository, kube::Ref("demo", "repo")));
  EXPECT_EQ(repository.status.snapshot_count, 4) << "two of each, of the same host and path";
}

}  // namespace
}  // namespace stash::executor
