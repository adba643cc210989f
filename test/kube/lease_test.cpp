#include "stash/kube/lease.hpp"

#include <gtest/gtest.h>

#include "kube/lease_decision.hpp"
#include "stash/base/log.hpp"
#include "stash/kube/resources.hpp"
#include "stash/kube/signal.hpp"
#include "support/fake_api_server.hpp"
#include "support/manual_timers.hpp"

namespace stash::kube {
namespace {

using namespace std::chrono_literals;
using test::FakeApiServer;
using test::ManualTimers;

LeaseOptions of(std::string identity) { return LeaseOptions(Ref("n", "lock"), std::move(identity)); }

LeaseRecord held_by(std::string holder) {
  LeaseRecord out;
  out.holder = std::move(holder);
  out.duration = 15s;
  out.transitions = 4;
  return out;
}

TEST(LeaseDecision, OthersAreWaitedForUntilTheirTermHasPassedUnchanged) {
  EXPECT_EQ(decide(std::nullopt, 0s, of("me")), LeaseMove::Create);
  EXPECT_EQ(decide(held_by(""), 0s, of("me")), LeaseMove::Write);
  EXPECT_EQ(decide(held_by("me"), 0s, of("me")), LeaseMove::Write);
  EXPECT_EQ(decide(held_by("you"), 14s, of("me")), LeaseMove::Wait);
  EXPECT_EQ(decide(held_by("you"), 15s, of("me")), LeaseMove::Write);
}

TEST(LeaseDecision, TakingOverCountsATransitionAndRenewingDoesNot) {
  const TimePoint now(1000s);
  const LeaseRecord taken = claim(held_by("you"), of("me"), now);
  const LeaseRecord renewed = claim(taken, of("me"), now + 2s);

  EXPECT_EQ(taken.transitions, 5);
  EXPECT_EQ(taken.acquire_time, now);
  EXPECT_EQ(renewed.transitions, 5);
  EXPECT_EQ(renewed.acquire_time, now);
  EXPECT_EQ(renewed.renew_time, now + 2s);
}

TEST(LeaseDecision, TheRecordRoundTripsThroughItsObject) {
  const LeaseRecord record = claim(std::nullopt, of("me \"quoted\""), TimePoint(1000s));

  EXPECT_EQ(lease_record(json::parse(create_body(record, of("x")), "lease")), record);
}

/// Two contenders over one fake server.
struct Bench {
  ManualTimers timers;
  SystemRandom random;
  FakeApiServer server{timers};
  LeaseLock one{server, timers, random, of("one")};
  LeaseLock two{server, timers, random, of("two")};
  Signal stop;
  int working = 0;
  int most = 0;
  int started = 0;

  Bench() {
    log::set_sink([](std::string_view) {});
  }
  /// Works until stop is told, or cancelled.
  Task<void> work() {
    struct Inside {
      Bench& b;
      explicit Inside(Bench& bench) : b(bench) { b.most = std::max(b.most, ++b.working); }
      ~Inside() { --b.working; }
    } inside(*this);
    ++started;
    co_await stop.wait();
  }
  LeaseLock::Work task() {
    return [this] { return work(); };
  }
  std::string holder() { return lease_record(server.get(kLease, Ref("n", "lock"))).holder; }
  Task<void> pass(int seconds) {
    for (int i = 0; i < seconds; ++i) co_await timers.turn(1s);
  }
};

Task<void> forget_loss(LeaseLock& lock, LeaseLock::Work work, bool& lost) {
  try {
    co_await lock.guard(std::move(work));
  } catch (const Error& e) {
    if (e.kind() != ErrorKind::Conflict) throw;
    lost = true;
  }
}

TEST(LeaseLock, OneOfTwoWorksAndTheOtherFollowsAtOnceAfterRelease) {
  Bench b;
  auto scenario = [](Bench& s) -> Task<void> {
    net::TaskGroup group;
    co_await group.spawn(s.one.guard(s.task()));
    co_await ManualTimers::settle();
    co_await group.spawn(s.two.guard(s.task()));
    co_await s.pass(60);
    EXPECT_EQ(s.holder(), "one");
    EXPECT_EQ(s.started, 1);

    s.stop.notify();
    co_await s.pass(4);
    EXPECT_EQ(s.holder(), "two");
    EXPECT_EQ(s.started, 2);
    EXPECT_EQ(s.most, 1);

    s.stop.notify();
    co_await group.join();
    EXPECT_EQ(s.holder(), "");
  };

  net::run(scenario(b));
}

TEST(LeaseLock, AHolderThatCannotRenewStopsBeforeAnotherMayBegin) {
  Bench b;
  auto scenario = [](Bench& s) -> Task<void> {
    net::TaskGroup group;
    bool lost = false;
    co_await group.spawn(forget_loss(s.one, s.task(), lost));
    co_await s.pass(5);
    EXPECT_EQ(s.working, 1);
    s.server.before = [](const FakeApiServer::Call& call) {
      if (call.verb == "find" || call.verb == "patch") throw Error(ErrorKind::Unavailable, "down");
    };
    co_await s.pass(8);
    EXPECT_EQ(s.working, 1);
    co_await s.pass(1);
    EXPECT_EQ(s.working, 0);
    EXPECT_TRUE(lost);
    s.server.before = nullptr;
    co_await group.spawn(s.two.guard(s.task()));
    co_await s.pass(14);
    EXPECT_EQ(s.started, 1);
    co_await s.pass(6);
    EXPECT_EQ(s.started, 2);
    EXPECT_EQ(s.holder(), "two");
    EXPECT_EQ(s.most, 1);
    s.stop.notify();
    co_await group.join();
  };

  net::run(scenario(b));
}

/// The server as it is over connections that died unnoticed: some questions get no answer.
class SilentServer final : public Client {
 public:
  explicit SilentServer(Client& server) : server_(server) {}

  int silences = 0;  ///< how many of the next find() hang

  Task<std::optional<json::Document>> find(const Resource& resource, Ref ref) override {
    Signal never;
    if (silences > 0) {
      --silences;
      co_await never.wait();
    }
    co_return co_await server_.find(resource, std::move(ref));
  }
  Task<json::Document> create(const Resource& resource, std::string ns, std::string body) override {
    return server_.create(resource, std::move(ns), std::move(body));
  }
  Task<json::Document> patch(const Resource& resource, Ref ref, std::string body,
                             PatchOptions options) override {
    return server_.patch(resource, std::move(ref), std::move(body), std::move(options));
  }
  Task<json::Document> replace(const Resource& resource, Ref ref, std::string body,
                               std::string subresource) override {
    return server_.replace(resource, std::move(ref), std::move(body), std::move(subresource));
  }
  Task<void> remove(const Resource& resource, Ref ref, Propagation propagation, std::string uid) override {
    return server_.remove(resource, std::move(ref), propagation, std::move(uid));
  }
  Task<json::Document> list(const Resource& resource, ListOptions options) override {
    return server_.list(resource, std::move(options));
  }
  Task<std::unique_ptr<WatchStream>> watch(const Resource& resource, ListOptions options) override {
    return server_.watch(resource, std::move(options));
  }
  Task<ExecResult> exec(Ref pod, std::string container, std::vector<std::string> command, Duration limit,
                        std::size_t output_limit) override {
    return server_.exec(std::move(pod), std::move(container), std::move(command), limit, output_limit);
  }

 private:
  Client& server_;
};

TEST(LeaseLock, ARenewalThatGetsNoAnswerLeavesTimeForAnother) {
  Bench b;
  auto scenario = [](Bench& s) -> Task<void> {
    SilentServer server(s.server);
    LeaseLock lock(server, s.timers, s.random, of("me"));
    net::TaskGroup group;
    bool lost = false;
    co_await group.spawn(forget_loss(lock, s.task(), lost));
    co_await s.pass(1);
    server.silences = 1;
    co_await s.pass(30);
    EXPECT_EQ(server.silences, 0);
    EXPECT_FALSE(lost);
    EXPECT_EQ(s.working, 1);
    EXPECT_EQ(s.holder(), "me");
    s.stop.notify();
    co_await group.join();
  };

  net::run(scenario(b));
}

TEST(LeaseLock, AServerThatStaysSilentCostsTheLeaseInTime) {
  Bench b;
  auto scenario = [](Bench& s) -> Task<void> {
    SilentServer server(s.server);
    LeaseLock lock(server, s.timers, s.random, of("me"));
    net::TaskGroup group;
    bool lost = false;
    co_await group.spawn(forget_loss(lock, s.task(), lost));
    co_await s.pass(1);
    server.silences = 100;
    co_await s.pass(8);
    EXPECT_EQ(s.working, 1);
    server.silences = 0;
    co_await s.pass(1);
    EXPECT_EQ(s.working, 0);
    EXPECT_TRUE(lost);
    co_await group.join();
  };

  net::run(scenario(b));
}

TEST(LeaseLock, AStolenLeaseStopsTheWork) {
  Bench b;
  auto scenario = [](Bench& s) -> Task<void> {
    net::TaskGroup group;
    bool lost = false;
    co_await group.spawn(forget_loss(s.one, s.task(), lost));
    co_await s.pass(3);
    s.server.edit(kLease, Ref("n", "lock"), R"({"spec":{"holderIdentity":"thief"}})");
    co_await s.pass(3);
    EXPECT_TRUE(lost);
    EXPECT_EQ(s.working, 0);
    EXPECT_EQ(s.holder(), "thief");
    co_await group.join();
  };

  net::run(scenario(b));
}

TEST(LeaseLock, CancellingTheGuardReleasesTheLease) {
  Bench b;
  auto scenario = [](Bench& s) -> Task<void> {
    net::TaskGroup group;
    co_await group.spawn(s.one.guard(s.task()));
    co_await s.pass(3);
    EXPECT_EQ(s.holder(), "one");
    group.cancel();
    co_await group.join();
    EXPECT_EQ(s.holder(), "");
    EXPECT_EQ(s.working, 0);
  };

  net::run(scenario(b));
}

TEST(LeaseLock, PatienceEnds) {
  Bench b;
  auto scenario = [](Bench& s) -> Task<void> {
    net::TaskGroup group;
    co_await group.spawn(s.one.guard(s.task()));
    co_await ManualTimers::settle();
    bool got = true;
    auto attempt = [](Bench& t, bool& result) -> Task<void> {
      result = co_await t.two.guard_within(5s, t.task());
    };
    co_await group.spawn(attempt(s, got));
    co_await s.pass(7);
    EXPECT_FALSE(got);
    EXPECT_EQ(s.two.holder(), "one");
    s.stop.notify();
    co_await group.join();
  };

  net::run(scenario(b));
}

TEST(LeaseLock, AFailureOfTheWorkReleasesAndIsThrown) {
  Bench b;
  auto fails = []() -> Task<void> {
    throw Error(ErrorKind::Corrupt, "broken");
    co_return;
  };

  try {
    net::run(b.one.guard(fails));
    ADD_FAILURE();
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), ErrorKind::Corrupt);
  }
  EXPECT_EQ(b.holder(), "");
}

}  // namespace
}  // namespace stash::kube
