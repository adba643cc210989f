#include "executor/post_hook.hpp"

#include <gtest/gtest.h>

#include "stash/base/error.hpp"
#include "stash/kube/resources.hpp"
#include "support/fake_api_server.hpp"
#include "support/manual_timers.hpp"

namespace stash::executor {
namespace {

using namespace std::chrono_literals;

/// A pod with a command that thaws, and an API server that fails so many requests first.
struct Bench {
  test::ManualTimers timers;
  net::Pool pool{1};
  SystemRandom random;
  test::FakeApiServer server{timers};
  Services services{server, pool, timers, random};
  int faults = 0;
  int thawed = 0;
  std::string failure;

  explicit Bench(int failing) : faults(failing) {
    server.put(kube::kPod, R"({"metadata":{"namespace":"demo","name":"web-0"},
      "spec":{"containers":[{"name":"app"}]}})");
    server.before = [this](const test::FakeApiServer::Call&) {
      if (faults-- > 0) throw Error(ErrorKind::Unavailable, "no answer");
    };
    server.on_exec = [this](const kube::Ref&, const std::string&, const std::vector<std::string>&) {
      ++thawed;
      return kube::ExecResult();
    };
  }

  Task<void> thaw(bool stopped) {
    api::Handler handler;
    handler.exec.emplace();
    handler.exec->command = {"thaw"};
    HookFacts facts;
    const kube::Ref pod("demo", "web-0");
    failure = co_await run_to_the_end(services, pod, std::move(handler), std::move(facts), stopped);
  }
};

TEST(PostHook, OfStoppedWorkWaitsForTheApiServerAndRunsOnce) {
  Bench bench(3);
  auto body = [](Bench& b) -> Task<void> {
    net::TaskGroup group;
    co_await group.spawn(b.thaw(true));
    for (int i = 0; i < 3; ++i) {
      co_await b.timers.settle();
      EXPECT_EQ(b.thawed, 0);
      co_await b.timers.turn(10s);
    }
    co_await group.join();
  };
  net::run(body(bench));

  EXPECT_EQ(bench.thawed, 1);
  EXPECT_EQ(bench.failure, "");
}

TEST(PostHook, IsNotCutOff) {
  Bench bench(1);
  auto body = [](Bench& b) -> Task<void> {
    net::TaskGroup group;
    co_await group.spawn(b.thaw(true));
    co_await b.timers.settle();
    group.cancel();
    co_await b.timers.turn(10s);
    co_await group.join();
  };
  net::run(body(bench));

  EXPECT_EQ(bench.thawed, 1);
}

TEST(PostHook, OfWorkThatEndedTellsAFaultAtOnce) {
  Bench bench(1);

  net::run(bench.thaw(false));

  EXPECT_EQ(bench.thawed, 0);
  EXPECT_EQ(bench.failure, "no answer");
}

}  // namespace
}  // namespace stash::executor
