#include "engine/parallel/signal.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "stash/base/error.hpp"

namespace stash::engine {

namespace asio = boost::asio;

Task<void> Signal::wait() {
  if (!bell_) bell_.emplace(co_await asio::this_coro::executor, asio::steady_timer::time_point::max());
  co_await bell_->async_wait(asio::as_tuple(asio::use_awaitable));
  const auto cancellation = co_await asio::this_coro::cancellation_state;
  if (cancellation.cancelled() != asio::cancellation_type::none)
    throw Error(ErrorKind::Cancelled, "cancelled");
}

void Signal::notify_all() {
  if (bell_) bell_->cancel();
}

}  // namespace stash::engine
