#include "stash/kube/signal.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>

#include "stash/base/error.hpp"

namespace stash::kube {

namespace asio = boost::asio;

/// One waiting coroutine; stands in the list from before it first suspends, so that no notify() is missed.
struct Signal::Waiter {
  Waiter(Signal& s, const asio::any_io_executor& executor)
      : signal(s), timer(executor, asio::steady_timer::time_point::max()) {
    signal.waiters_.push_back(this);
  }
  Waiter(const Waiter&) = delete;
  Waiter& operator=(const Waiter&) = delete;
  ~Waiter() { std::erase(signal.waiters_, this); }

  Task<void> wait() {
    if (!notified) co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
    if (!notified) throw Error(ErrorKind::Cancelled, "cancelled");
  }

  Signal& signal;
  asio::steady_timer timer;
  bool notified = false;
};

Task<void> Signal::wait() {
  Waiter waiter(*this, co_await asio::this_coro::executor);
  co_await waiter.wait();
}

Task<void> Signal::wait_for(net::Timers& timers, Duration limit) {
  using namespace asio::experimental::awaitable_operators;
  if (limit <= Duration::zero()) co_return;
  Waiter waiter(*this, co_await asio::this_coro::executor);
  try {
    co_await (waiter.wait() || timers.sleep(limit));
  } catch (const asio::multiple_exceptions&) {
    throw Error(ErrorKind::Cancelled, "cancelled");
  }
}

void Signal::notify() {
  for (Waiter* waiter : waiters_) {
    waiter->notified = true;
    waiter->timer.cancel();
  }
}

}  // namespace stash::kube
