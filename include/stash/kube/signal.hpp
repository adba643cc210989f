#pragma once

#include <vector>

#include "stash/net/task.hpp"

namespace stash::kube {

/// Wakes every coroutine that waits at the moment of notify(); it keeps no memory of earlier ones, so a
/// waiter tests its condition before each wait. One io thread.
class Signal {
 public:
  Signal() = default;
  Signal(const Signal&) = delete;
  Signal& operator=(const Signal&) = delete;

  Task<void> wait();
  /// Waits for notify() or for `limit` of `timers`, whichever is first.
  Task<void> wait_for(net::Timers& timers, Duration limit);
  void notify();

 private:
  struct Waiter;
  std::vector<Waiter*> waiters_;
};

}  // namespace stash::kube
