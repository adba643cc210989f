// Cancellation in Asio is a signal that reaches the operation a coroutine waits for; that operation, or the
// next one awaited, then throws system_error(operation_aborted). Every function here that a task ends in
// turns that into Error(Cancelled), so that callers meet one error class only.

#include "stash/net/task.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <cassert>
#include <csignal>
#include <list>

#include "stash/base/error.hpp"
#include "stash/base/time.hpp"

namespace stash::net {
namespace {

namespace asio = boost::asio;

/// The same failure, with an aborted operation told as Error(Cancelled).
std::exception_ptr translated(std::exception_ptr failure) {
  if (!failure) return failure;
  try {
    std::rethrow_exception(failure);
  } catch (const boost::system::system_error& e) {
    if (e.code() != asio::error::operation_aborted) return failure;
    return std::make_exception_ptr(Error(ErrorKind::Cancelled, "cancelled"));
  } catch (...) {
    return failure;
  }
}

bool is_cancelled(const std::exception_ptr& failure) {
  try {
    if (failure) std::rethrow_exception(failure);
  } catch (const Error& e) {
    return e.kind() == ErrorKind::Cancelled;
  } catch (...) {
  }
  return false;
}

/// Awaits nothing cancellable: the operation it is bound to runs to its end whatever the coroutine is told.
auto uncancellable() {
  return asio::bind_cancellation_slot(asio::cancellation_slot(), asio::as_tuple(asio::use_awaitable));
}

/// Runs `task` as the whole of a spawned coroutine. After the task, co_spawn may await once more by itself,
/// outside of any try block: in a coroutine that has been told to stop that would throw through the event
/// loop.
Task<void> to_the_end(Task<void> task) {
  std::exception_ptr failure;
  try {
    co_await std::move(task);
  } catch (...) {
    failure = std::current_exception();
  }
  co_await asio::this_coro::throw_if_cancelled(false);
  if (failure) std::rethrow_exception(failure);
}

/// Steady time points overflow long before Duration does; no wait of ours is meant to be longer.
constexpr Duration kLongest = std::chrono::hours(24 * 365);

}  // namespace

TimePoint SystemTimers::now() const { return SystemClock().now(); }

std::chrono::steady_clock::time_point SystemTimers::steady() const { return SystemClock().steady(); }

Task<void> SystemTimers::sleep(Duration delay) {
  if (delay <= Duration::zero()) co_return;
  asio::steady_timer timer(co_await asio::this_coro::executor, std::min(delay, kLongest));
  const auto [failure] = co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
  if (failure) throw Error(ErrorKind::Cancelled, "cancelled");
}

// --- TaskGroup ---

struct TaskGroup::State {
  std::list<asio::cancellation_signal> members;
  std::exception_ptr failure;
  bool stopping = false;
  asio::steady_timer* waiter = nullptr;  // join()'s, woken when the last member ends

  void cancel() {
    stopping = true;
    for (auto& member : members) member.emit(asio::cancellation_type::terminal);
  }

  void ended(std::list<asio::cancellation_signal>::iterator member, std::exception_ptr how) {
    members.erase(member);
    how = translated(how);
    if (how && !is_cancelled(how) && !failure) {
      failure = how;
      cancel();
    }
    if (members.empty() && waiter) waiter->cancel();
  }
};

TaskGroup::TaskGroup() : state_(std::make_shared<State>()) {}

TaskGroup::~TaskGroup() { assert(state_->members.empty() && "a TaskGroup is joined before it goes"); }

Task<void> TaskGroup::spawn(Task<void> task) {
  const auto executor = co_await asio::this_coro::executor;
  auto state = state_;
  const auto member = state->members.emplace(state->members.end());
  auto done = [state, member](std::exception_ptr how) { state->ended(member, how); };
  asio::co_spawn(executor, to_the_end(std::move(task)),
                 asio::bind_cancellation_slot(member->slot(), std::move(done)));
  if (state->stopping) member->emit(asio::cancellation_type::terminal);
}

void TaskGroup::cancel() { state_->cancel(); }

Task<void> TaskGroup::join() {
  const auto state = state_;
  const bool throws = co_await asio::this_coro::throw_if_cancelled();
  co_await asio::this_coro::throw_if_cancelled(false);
  auto cancellation = co_await asio::this_coro::cancellation_state;
  if (cancellation.cancelled() != asio::cancellation_type::none) state->cancel();
  cancellation.slot().assign([state](asio::cancellation_type) { state->cancel(); });

  asio::steady_timer waiter(co_await asio::this_coro::executor, asio::steady_timer::time_point::max());
  state->waiter = &waiter;
  while (!state->members.empty()) co_await waiter.async_wait(uncancellable());
  state->waiter = nullptr;

  cancellation.slot().clear();
  const bool cancelled = cancellation.cancelled() != asio::cancellation_type::none;
  state->stopping = false;
  const auto failure = std::exchange(state->failure, nullptr);
  co_await asio::this_coro::throw_if_cancelled(throws);
  if (failure) std::rethrow_exception(failure);
  if (cancelled) throw Error(ErrorKind::Cancelled, "cancelled");
}

// --- within, offload, run ---

namespace detail {
namespace {

/// Outlives its coroutine: the timer's handler may still be queued when the operation has ended.
struct Deadline {
  asio::cancellation_signal stop;
  asio::steady_timer timer;
  bool over = false;
  bool late = false;

  explicit Deadline(const asio::any_io_executor& executor) : timer(executor) {}
};

}  // namespace

Task<void> within(Duration limit, std::string what, Task<void> op) {
  const auto executor = co_await asio::this_coro::executor;
  auto deadline = std::make_shared<Deadline>(executor);
  deadline->timer.expires_after(std::clamp(limit, Duration::zero(), kLongest));
  deadline->timer.async_wait([deadline](boost::system::error_code failure) {
    if (failure || deadline->over) return;
    deadline->late = true;
    deadline->stop.emit(asio::cancellation_type::terminal);
  });

  // The operation listens to the deadline's signal, so ours is handed on by hand.
  auto outer = co_await asio::this_coro::cancellation_state;
  outer.slot().assign([deadline](asio::cancellation_type type) { deadline->stop.emit(type); });
  std::exception_ptr failure;
  try {
    co_await asio::co_spawn(executor, to_the_end(std::move(op)),
                            asio::bind_cancellation_slot(deadline->stop.slot(), asio::use_awaitable));
  } catch (...) {
    failure = translated(std::current_exception());
  }
  outer.slot().clear();
  deadline->over = true;
  deadline->timer.cancel();

  if (!failure) co_return;
  if (deadline->late && is_cancelled(failure)) {
    throw Error(ErrorKind::Unavailable, "{}: no answer within {}", what, format_duration(limit));
  }
  std::rethrow_exception(failure);
}

// The work cannot be interrupted and refers to the caller's frame: the caller stays until it has ended.
Task<void> offload(Pool& pool, std::function<void()> fn) {
  if (pool.runs_inline()) {
    fn();
    co_return;
  }
  const auto executor = co_await asio::this_coro::executor;
  auto begin = [&pool, &fn, executor](auto handler) {
    auto waiting = std::make_shared<decltype(handler)>(std::move(handler));
    pool.post([&fn, executor, waiting = std::move(waiting)] {
      std::exception_ptr failure;
      try {
        fn();
      } catch (...) {
        failure = std::current_exception();
      }
      asio::post(executor, [waiting, failure = std::move(failure)] {
        auto resume = std::move(*waiting);
        std::move(resume)(failure);
      });
    });
  };
  auto token = uncancellable();
  const auto [failure] =
      co_await asio::async_initiate<decltype(token), void(std::exception_ptr)>(std::move(begin), token);
  if (failure) std::rethrow_exception(failure);
}

namespace {

/// Of a thread, not of a call: kept connections of objects made outside may outlive the call. It never runs
/// out of work: what is on a pool is none of its own, and all there is may be there.
struct Loop {
  asio::io_context io{1};
  asio::executor_work_guard<asio::io_context::executor_type> work{io.get_executor()};
};

}  // namespace

void run(Task<void> task, bool signals) {
  thread_local Loop loop;
  asio::io_context& io = loop.io;
  asio::cancellation_signal stop;
  std::exception_ptr failure;
  asio::signal_set caught(io);
  if (signals) {
    caught.add(SIGINT);
    caught.add(SIGTERM);
    caught.async_wait([&stop](boost::system::error_code error, int) {
      if (!error) stop.emit(asio::cancellation_type::terminal);
    });
  }
  // Timers of idle connections may still stand: they are no reason to stay.
  auto done = [&](std::exception_ptr how) {
    failure = translated(how);
    io.stop();
  };
  asio::co_spawn(io, to_the_end(std::move(task)), asio::bind_cancellation_slot(stop.slot(), std::move(done)));
  io.restart();
  io.run();
  if (failure) std::rethrow_exception(failure);
}

}  // namespace detail
}  // namespace stash::net
