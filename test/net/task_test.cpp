#include "stash/net/task.hpp"

#include <gtest/gtest.h>

#include <csignal>
#include <thread>
#include <vector>

#include "stash/base/error.hpp"
#include "support/manual_timers.hpp"

namespace stash::net {
namespace {

using namespace std::chrono_literals;
using test::ManualTimers;

Task<int> answer(int value) { co_return value; }

Task<void> sleep_then_note(Timers& timers, Duration delay, std::vector<int>& notes, int note) {
  co_await timers.sleep(delay);
  notes.push_back(note);
}

Task<void> sleep_long(Timers& timers, std::vector<int>& notes) {
  try {
    co_await timers.sleep(1h);
    notes.push_back(0);
  } catch (const Error& e) {
    notes.push_back(e.kind() == ErrorKind::Cancelled ? 1 : 2);
    throw;
  }
}

Task<void> fail_after(Timers& timers, Duration delay) {
  co_await timers.sleep(delay);
  throw Error(ErrorKind::Corrupt, "broken");
}

ErrorKind kind_of(const std::function<void()>& deed) {
  try {
    deed();
  } catch (const Error& e) {
    return e.kind();
  }
  ADD_FAILURE() << "no error was thrown";
  return ErrorKind::Internal;
}

TEST(Run, ReturnsTheResult) { EXPECT_EQ(run(answer(42)), 42); }

TEST(Run, PassesAnErrorOn) {
  SystemTimers timers;
  EXPECT_EQ(kind_of([&] { run(fail_after(timers, 1ms)); }), ErrorKind::Corrupt);
}

TEST(Run, CancelsOnTermination) {
  SystemTimers timers;
  std::vector<int> notes;
  auto body = [](Timers& t, std::vector<int>& n) -> Task<void> {
    co_await t.sleep(1ms);
    std::raise(SIGTERM);
    co_await sleep_long(t, n);
  };
  EXPECT_EQ(kind_of([&] { run(body(timers, notes), true); }), ErrorKind::Cancelled);
  EXPECT_EQ(notes, std::vector<int>{1});
}

TEST(ManualTimersTest, WakeInOrderOfTheirTime) {
  ManualTimers timers;
  std::vector<int> notes;
  auto body = [](ManualTimers& t, std::vector<int>& n) -> Task<void> {
    TaskGroup group;
    co_await group.spawn(sleep_then_note(t, 2s, n, 2));
    co_await group.spawn(sleep_then_note(t, 1s, n, 1));
    co_await t.turn(500ms);
    EXPECT_TRUE(n.empty());
    co_await t.turn(500ms);
    EXPECT_EQ(n, std::vector<int>{1});
    co_await t.turn(1s);
    co_await group.join();
  };
  run(body(timers, notes));
  EXPECT_EQ(notes, (std::vector<int>{1, 2}));
}

TEST(Within, ReturnsAnAnswerThatCameInTime) { EXPECT_EQ(run(within(1s, "ask", answer(7))), 7); }

TEST(Within, TellsWhatDidNotAnswer) {
  SystemTimers timers;
  std::vector<int> notes;
  try {
    run(within(5ms, "ask the store", sleep_long(timers, notes)));
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), ErrorKind::Unavailable);
    EXPECT_STREQ(e.what(), "ask the store: no answer within 5ms");
  }
  EXPECT_EQ(notes, std::vector<int>{1});
}

TEST(Within, PassesTheOperationsOwnError) {
  SystemTimers timers;
  EXPECT_EQ(kind_of([&] { run(within(1min, "ask", fail_after(timers, 1ms))); }), ErrorKind::Corrupt);
}

TEST(Within, HandsCancellationDown) {
  SystemTimers timers;
  std::vector<int> notes;
  auto body = [](Timers& t, std::vector<int>& n) -> Task<void> {
    TaskGroup group;
    co_await group.spawn(within(1min, "ask", within(2min, "inner", sleep_long(t, n))));
    co_await t.sleep(1ms);
    group.cancel();
    co_await group.join();
  };
  run(body(timers, notes));
  EXPECT_EQ(notes, std::vector<int>{1});
}

TEST(TaskGroup, JoinWaitsForAll) {
  SystemTimers timers;
  std::vector<int> notes;
  auto body = [](Timers& t, std::vector<int>& n) -> Task<void> {
    TaskGroup group;
    for (int i = 0; i < 20; ++i) co_await group.spawn(sleep_then_note(t, 1ms, n, i));
    co_await group.join();
    EXPECT_EQ(n.size(), 20u);
  };
  run(body(timers, notes));
}

TEST(TaskGroup, FirstFailureCancelsTheOthersAndIsRethrown) {
  SystemTimers timers;
  std::vector<int> notes;
  auto body = [](Timers& t, std::vector<int>& n) -> Task<void> {
    TaskGroup group;
    co_await group.spawn(sleep_long(t, n));
    co_await group.spawn(fail_after(t, 1ms));
    co_await group.join();
  };
  EXPECT_EQ(kind_of([&] { run(body(timers, notes)); }), ErrorKind::Corrupt);
  EXPECT_EQ(notes, std::vector<int>{1});
}

TEST(TaskGroup, CancellingTheWaiterCancelsTheMembers) {
  SystemTimers timers;
  std::vector<int> notes;
  auto body = [](Timers& t, std::vector<int>& n) -> Task<void> {
    TaskGroup group;
    co_await group.spawn(sleep_long(t, n));
    co_await group.spawn(sleep_long(t, n));
    co_await group.join();
  };
  EXPECT_EQ(kind_of([&] { run(within(5ms, "join", body(timers, notes))); }), ErrorKind::Unavailable);
  EXPECT_EQ(notes, (std::vector<int>{1, 1}));
}

Task<void> cancel_at_once(TaskGroup& group) {
  group.cancel();
  co_return;
}

TEST(TaskGroup, AMemberMayCancelItsOwnGroupWithoutEverWaiting) {
  SystemTimers timers;
  std::vector<int> notes;
  auto body = [](Timers& t, std::vector<int>& n) -> Task<void> {
    TaskGroup group;
    co_await group.spawn(sleep_long(t, n));
    co_await group.spawn(cancel_at_once(group));
    co_await group.join();
  };
  run(body(timers, notes));
  EXPECT_EQ(notes, std::vector<int>{1});
}

TEST(TaskGroup, AMemberSpawnedAfterCancelStopsAtItsFirstWait) {
  SystemTimers timers;
  std::vector<int> notes;
  auto body = [](Timers& t, std::vector<int>& n) -> Task<void> {
    TaskGroup group;
    group.cancel();
    co_await group.spawn(sleep_then_note(t, 1h, n, 1));
    co_await group.join();
  };
  run(body(timers, notes));
  EXPECT_TRUE(notes.empty());
}

TEST(Offload, ReturnsFromThePoolToTheCallersThread) {
  Pool pool(2);
  auto body = [](Pool& p) -> Task<void> {
    const auto home = std::this_thread::get_id();
    auto fn = [] { return std::this_thread::get_id(); };
    const auto there = co_await offload(p, fn);
    EXPECT_TRUE(there != home);
    EXPECT_TRUE(std::this_thread::get_id() == home);
  };
  run(body(pool));
}

TEST(Offload, PassesExceptionsOn) {
  Pool pool(1);
  auto fail = [] { throw Error(ErrorKind::Exhausted, "full"); };
  EXPECT_EQ(kind_of([&] { run(offload(pool, fail)); }), ErrorKind::Exhausted);
}

TEST(Offload, ACancelledCallerStaysUntilTheWorkHasEnded) {
  Pool pool(1);
  bool ended = false;
  auto slow = [&ended] {
    std::this_thread::sleep_for(30ms);
    ended = true;
  };
  try {
    run(within(1ms, "work", offload(pool, slow)));
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), ErrorKind::Unavailable);
  }
  EXPECT_TRUE(ended);
}

TEST(Offload, ManyAtOnceEachGetTheirOwnResult) {
  Pool pool(2);
  auto one = [](Pool& p, int i, int& sum) -> Task<void> {
    auto fn = [i] { return i; };
    sum += co_await offload(p, fn);
  };
  int sum = 0;
  auto body = [one](Pool& p, int& s) -> Task<void> {
    TaskGroup group;
    for (int i = 1; i <= 100; ++i) co_await group.spawn(one(p, i, s));
    co_await group.join();
  };
  run(body(pool, sum));
  EXPECT_EQ(sum, 5050);
}

}  // namespace
}  // namespace stash::net
