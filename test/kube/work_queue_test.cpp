#include "stash/kube/work_queue.hpp"

#include <gtest/gtest.h>

#include "stash/base/log.hpp"
#include "stash/kube/reconcile.hpp"
#include "support/manual_timers.hpp"

namespace stash::kube {
namespace {

using namespace std::chrono_literals;
using test::ManualTimers;

const Ref kA("n", "a");
const Ref kB("n", "b");

struct Bench {
  ManualTimers timers;
  SystemRandom random;
  WorkQueue queue{timers, random};
};

Task<void> take_into(WorkQueue& queue, std::vector<Ref>& taken) {
  for (;;) {
    Ref ref = co_await queue.next();
    taken.push_back(std::move(ref));
  }
}

/// Runs `body` beside `others` and stops them when it ends.
Task<void> beside(net::TaskGroup& group, Task<void> other, Task<void> body) {
  co_await group.spawn(std::move(other));
  co_await std::move(body);
  group.cancel();
  co_await group.join();
}

TEST(WorkQueue, AKeyStandsInItOnce) {
  Bench b;
  b.queue.add(kA);
  b.queue.add(kB);
  b.queue.add(kA);

  EXPECT_EQ(b.queue.depth(), 2u);
  EXPECT_EQ(net::run(b.queue.next()), kA);
  EXPECT_EQ(net::run(b.queue.next()), kB);
}

TEST(WorkQueue, AKeyBeingWorkedOnComesAgainOnlyAfterDone) {
  Bench b;
  auto scenario = [](Bench& s) -> Task<void> {
    s.queue.add(kA);
    co_await s.queue.next();
    std::vector<Ref> taken;
    s.queue.add(kA);
    s.queue.add(kA);
    net::TaskGroup group;
    auto body = [](Bench& t, std::vector<Ref>& seen) -> Task<void> {
      co_await ManualTimers::settle();
      EXPECT_TRUE(seen.empty());
      t.queue.done(kA);
      co_await ManualTimers::settle();
      EXPECT_EQ(seen, std::vector<Ref>{kA});
      t.queue.done(kA);
      co_await ManualTimers::settle();
      EXPECT_EQ(seen.size(), 1u);
    };
    co_await beside(group, take_into(s.queue, taken), body(s, taken));
  };

  net::run(scenario(b));
}

TEST(WorkQueue, DelayedKeysComeInOrderOfTimeAndTheEarliestCounts) {
  Bench b;
  auto scenario = [](Bench& s) -> Task<void> {
    std::vector<Ref> taken;
    net::TaskGroup group;
    auto body = [](Bench& t, std::vector<Ref>& seen) -> Task<void> {
      co_await ManualTimers::settle();
      t.queue.add_after(kA, 20s);
      t.queue.add_after(kB, 5s);
      t.queue.add_after(kA, 10s);
      t.queue.add_after(kA, 30s);
      EXPECT_EQ(t.queue.delayed(), 2u);
      co_await t.timers.turn(4s);
      EXPECT_TRUE(seen.empty());
      co_await t.timers.turn(1s);
      EXPECT_EQ(seen, std::vector<Ref>{kB});
      co_await t.timers.turn(5s);
      EXPECT_EQ(seen, (std::vector<Ref>{kB, kA}));
      co_await t.timers.turn(1h);
      EXPECT_EQ(seen.size(), 2u);
    };
    co_await beside(group, take_into(s.queue, taken), body(s, taken));
  };

  net::run(scenario(b));
}

TEST(WorkQueue, BackOffDoublesPerKeyUpToItsLimitAndIsForgotten) {
  Bench b;
  std::vector<Duration> waits;
  for (int i = 0; i < 12; ++i) {
    b.queue.retry(kA);
    Duration waited{};
    while (b.queue.delayed() > 0) {
      b.timers.advance(100ms);
      waited += 100ms;
      if (b.queue.delayed() > 0) {
        b.queue.add(kB);  // next() promotes what is due
        b.queue.done(net::run(b.queue.next()));
        if (b.queue.depth() > 0) b.queue.done(net::run(b.queue.next()));
      }
    }
    waits.push_back(waited);
  }
  EXPECT_EQ(b.queue.failures(kA), 12);
  EXPECT_LE(waits.front(), 1100ms);
  EXPECT_GE(waits.front(), 500ms);
  EXPECT_GE(waits[3], 4s);
  EXPECT_GE(waits.back(), 150s);
  EXPECT_LE(waits.back(), 301s);

  b.queue.forget(kA);
  EXPECT_EQ(b.queue.failures(kA), 0);
}

/// Fails as often as told, then wants to be called again after a minute.
struct Flaky {
  int failures_left = 0;
  int calls = 0;

  Task<Action> reconcile(Ref) {
    ++calls;
    if (failures_left-- > 0) throw Error(ErrorKind::Unavailable, "not now");
    co_return Action::requeue(1min);
  }
};

TEST(ReconcileLoop, FailuresAreTriedAgainAndSuccessResetsTheBackOff) {
  Bench b;
  Flaky flaky;
  flaky.failures_left = 2;
  log::set_sink([](std::string_view) {});
  auto scenario = [](Bench& s, Flaky& f) -> Task<void> {
    net::TaskGroup group;
    Reconcile reconcile = [&f](Ref ref) { return f.reconcile(std::move(ref)); };
    auto body = [](Bench& t, Flaky& g) -> Task<void> {
      t.queue.add(kA);
      co_await ManualTimers::settle();
      EXPECT_EQ(g.calls, 1);
      EXPECT_EQ(t.queue.failures(kA), 1);
      co_await t.timers.turn(1s);
      EXPECT_EQ(g.calls, 2);
      co_await t.timers.turn(2s);
      EXPECT_EQ(g.calls, 3);
      EXPECT_EQ(t.queue.failures(kA), 0);
      co_await t.timers.turn(1min);
      EXPECT_EQ(g.calls, 4);
    };
    ReconcileOptions options("test", 3);
    co_await beside(group, reconcile_loop(s.queue, std::move(reconcile), std::move(options)), body(s, f));
  };

  net::run(scenario(b, flaky));
}

/// Stays in reconcile() until released; counts how many are in it at once.
struct Slow {
  Signal go;
  bool released = false;
  int inside = 0;
  int most = 0;

  Task<Action> reconcile(Ref) {
    most = std::max(most, ++inside);
    while (!released) co_await go.wait();
    --inside;
    co_return Action::await_change();
  }
};

TEST(ReconcileLoop, WorksOnAsManyKeysAsItHasWorkers) {
  Bench b;
  Slow slow;
  auto scenario = [](Bench& s, Slow& f) -> Task<void> {
    net::TaskGroup group;
    Reconcile reconcile = [&f](Ref ref) { return f.reconcile(std::move(ref)); };
    auto body = [](Bench& t, Slow& g) -> Task<void> {
      for (int i = 0; i < 5; ++i) t.queue.add(Ref("n", std::to_string(i)));
      co_await ManualTimers::settle();
      EXPECT_EQ(g.inside, 2);
      EXPECT_EQ(t.queue.depth(), 5u);
      g.released = true;
      g.go.notify();
      co_await ManualTimers::settle();
      EXPECT_EQ(t.queue.depth(), 0u);
      EXPECT_EQ(g.most, 2);
    };
    ReconcileOptions options("test", 2);
    co_await beside(group, reconcile_loop(s.queue, std::move(reconcile), std::move(options)), body(s, f));
  };

  net::run(scenario(b, slow));
}

}  // namespace
}  // namespace stash::kube
