#pragma once

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <map>
#include <memory>

#include "stash/base/error.hpp"
#include "stash/net/task.hpp"

namespace stash::test {

/// Timers that stand still until a test turns them. Wall and steady time advance together. One io thread.
class ManualTimers final : public net::Timers {
 public:
  explicit ManualTimers(TimePoint start = TimePoint(std::chrono::seconds(1'700'000'000))) : now_(start) {}

  TimePoint now() const override { return now_; }
  std::chrono::steady_clock::time_point steady() const override {
    return std::chrono::steady_clock::time_point(
        std::chrono::duration_cast<std::chrono::steady_clock::duration>(elapsed_));
  }

  Task<void> sleep(Duration delay) override {
    if (delay <= Duration::zero()) co_return;
    auto timer = std::make_shared<boost::asio::steady_timer>(co_await boost::asio::this_coro::executor,
                                                             boost::asio::steady_timer::time_point::max());
    const auto due = elapsed_ + delay;
    const auto sleeper = sleepers_.emplace(due, timer);
    auto wait = timer->async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
    co_await std::move(wait);
    if (elapsed_ >= due) co_return;  // advance() has taken the sleeper out
    sleepers_.erase(sleeper);
    throw Error(ErrorKind::Cancelled, "cancelled");
  }

  /// Moves time and wakes who is due; they run once the caller awaits something.
  void advance(Duration by) {
    now_ += by;
    elapsed_ += by;
    while (!sleepers_.empty() && sleepers_.begin()->first <= elapsed_) {
      sleepers_.begin()->second->cancel();
      sleepers_.erase(sleepers_.begin());
    }
  }

  /// How many wait now.
  std::size_t sleepers() const { return sleepers_.size(); }

  /// Lets every other coroutine run until all wait for something, then moves time, then lets them run again.
  Task<void> turn(Duration by) {
    co_await settle();
    advance(by);
    co_await settle();
  }

  /// Gives way to the other coroutines of this thread, often enough for chains of short steps to end.
  static Task<void> settle(int rounds = 64) {
    const auto executor = co_await boost::asio::this_coro::executor;
    for (int i = 0; i < rounds; ++i) co_await boost::asio::post(executor, boost::asio::use_awaitable);
  }

 private:
  TimePoint now_;
  Duration elapsed_ = Duration::zero();
  std::multimap<Duration, std::shared_ptr<boost::asio::steady_timer>> sleepers_;
};

}  // namespace stash::test
