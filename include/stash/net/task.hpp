#pragma once

#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <type_traits>

#include "stash/base/clock.hpp"
#include "stash/net/pool.hpp"

namespace stash {

/// A coroutine of the control thread. Cancelled by Asio's cancellation: it then ends with Error(Cancelled).
template <class T>
using Task = boost::asio::awaitable<T>;

}  // namespace stash

namespace stash::net {

/// Clock that can also wait. The real one is SystemTimers; tests turn ManualTimers by hand.
class Timers : public Clock {
 public:
  /// Resumes after `delay` of steady time (at once when it is not positive).
  virtual Task<void> sleep(Duration delay) = 0;
};

class SystemTimers final : public Timers {
 public:
  TimePoint now() const override;
  std::chrono::steady_clock::time_point steady() const override;
  Task<void> sleep(Duration delay) override;
};

/// Background coroutines with one owner. Destroying a group that still has members is a defect: join first.
class TaskGroup {
 public:
  TaskGroup();
  ~TaskGroup();
  TaskGroup(const TaskGroup&) = delete;
  TaskGroup& operator=(const TaskGroup&) = delete;

  /// Starts `task` on the caller's executor. Its first escaping exception is kept for join() and cancels the
  /// others.
  Task<void> spawn(Task<void> task);
  /// Asks every member to stop.
  void cancel();
  /// Waits for all members; rethrows the first failure. Cancelling the waiter cancels the members.
  Task<void> join();

 private:
  struct State;
  std::shared_ptr<State> state_;
};

/// Runs `op` to its end, or cancels it and throws Error(Unavailable, "<what>: no answer within ...").
template <class T>
Task<T> within(Duration limit, std::string what, Task<T> op);

/// Runs blocking `fn` on the pool; the caller resumes on its own executor. Exceptions pass through.
template <class F>
Task<std::invoke_result_t<F>> offload(Pool& pool, F fn);

/// Runs one coroutine to its end on the calling thread's event loop and returns its result: the bottom of
/// every command and test. SIGINT and SIGTERM cancel it when `signals` is true.
template <class T>
T run(Task<T> task, bool signals = false);

}  // namespace stash::net

#include "stash/net/task_impl.hpp"
