#include "kube/shield.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace stash::kube {

namespace asio = boost::asio;

Task<std::string> shielded(Duration limit, std::string what, Task<void> op) {
  // A signal of its own, never given: the caller's cancellation does not reach the operation.
  asio::cancellation_signal never;
  auto token = asio::bind_cancellation_slot(never.slot(), asio::as_tuple(asio::use_awaitable));
  auto limited = net::within(limit, std::move(what), std::move(op));
  const auto ended = co_await asio::co_spawn(co_await asio::this_coro::executor, std::move(limited), token);
  try {
    if (const auto failure = std::get<0>(ended)) std::rethrow_exception(failure);
  } catch (const std::exception& e) {
    co_return e.what();
  }
  co_return "";
}

}  // namespace stash::kube
