#pragma once

#include <boost/asio/steady_timer.hpp>

#include <functional>
#include <memory>

#include "stash/base/time.hpp"

namespace stash::net {

/// The time limit of one direction of a connection. Moving the deadline costs nothing: the timer is left
/// standing and looks at the deadline when it fires, so a read loop pays no timer per read.
class Watchdog {
 public:
  /// `bite` is called once, when a limit has passed; it must make the guarded operation end.
  Watchdog(const boost::asio::any_io_executor& executor, std::function<void()> bite)
      : state_(std::make_shared<State>(executor, std::move(bite))) {}
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;
  ~Watchdog() {
    state_->bite = nullptr;
    state_->timer.cancel();
  }

  void start(Duration limit) {
    const auto wish = Clock::now() + std::min<Clock::duration>(limit, std::chrono::hours(24 * 365));
    state_->deadline = wish;
    if (wish < state_->wakes) arm(state_, wish);
  }
  void stop() { state_->deadline = Clock::time_point::max(); }
  bool expired() const { return state_->expired; }

 private:
  using Clock = std::chrono::steady_clock;

  struct State {
    State(const boost::asio::any_io_executor& executor, std::function<void()> b)
        : timer(executor), bite(std::move(b)) {}

    boost::asio::steady_timer timer;
    std::function<void()> bite;
    Clock::time_point deadline = Clock::time_point::max();
    Clock::time_point wakes = Clock::time_point::max();
    bool expired = false;
  };

  static void arm(const std::shared_ptr<State>& state, Clock::time_point when) {
    state->wakes = when;
    state->timer.expires_at(when);
    state->timer.async_wait([state](boost::system::error_code failure) {
      if (failure || !state->bite) return;
      state->wakes = Clock::time_point::max();
      if (state->deadline == Clock::time_point::max()) return;
      if (state->deadline > Clock::now()) return arm(state, state->deadline);
      state->expired = true;
      state->bite();
    });
  }

  std::shared_ptr<State> state_;
};

}  // namespace stash::net
