#include "net/gate.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "stash/base/error.hpp"

namespace stash::net {

namespace asio = boost::asio;

struct Gate::Waiter {
  asio::steady_timer timer;
  bool admitted = false;
};

Task<void> Gate::enter() {
  if (free_ > 0) {
    --free_;
    co_return;
  }
  Waiter self{asio::steady_timer(co_await asio::this_coro::executor, asio::steady_timer::time_point::max())};
  const auto at = waiters_.insert(waiters_.end(), &self);
  co_await self.timer.async_wait(asio::as_tuple(asio::use_awaitable));
  if (self.admitted) co_return;  // leave() took us out of the list and handed its place over
  waiters_.erase(at);
  throw Error(ErrorKind::Cancelled, "cancelled");
}

void Gate::leave() {
  if (waiters_.empty()) {
    ++free_;
    return;
  }
  Waiter& next = *waiters_.front();
  waiters_.pop_front();
  next.admitted = true;
  next.timer.cancel();
}

}  // namespace stash::net
