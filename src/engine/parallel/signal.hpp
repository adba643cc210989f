#pragma once

#include <boost/asio/steady_timer.hpp>

#include <optional>

#include "stash/net/task.hpp"

namespace stash::engine {

/// Wakes the coroutines of the control thread that wait for something to change. Nothing is remembered: a
/// waiter looks at what it waits for before and after. Nobody may wait when it goes.
class Signal {
 public:
  /// Error(Cancelled) when the waiter is cancelled.
  Task<void> wait();
  void notify_all();

 private:
  std::optional<boost::asio::steady_timer> bell_;
};

}  // namespace stash::engine
