#include "storage/credential_cache.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>

#include "stash/base/log.hpp"

namespace stash::storage {
namespace {

namespace asio = boost::asio;

constexpr Duration kBeforeExpiry = std::chrono::minutes(5);
/// However soon a pair expires, and after a renewal that failed.
constexpr Duration kLeastPause = std::chrono::minutes(1);

}  // namespace

struct CredentialCache::Flight {
  explicit Flight(const asio::any_io_executor& executor)
      : landed(executor, asio::steady_timer::time_point::max()) {}

  asio::steady_timer landed;
  bool over = false;
  std::optional<Error> failed;
};

CredentialCache::CredentialCache(S3Credentials given, Fetch fetch, const Clock& clock)
    : fetch_(given.empty() ? std::move(fetch) : nullptr), clock_(clock) {
  if (!fetch_) held_.emplace().credentials = std::move(given);
}

Task<S3Credentials> CredentialCache::get() {
  while (!fresh()) {
    const auto flight = flight_;
    if (flight)
      co_await wait_for(flight);
    else
      co_await renew();
  }
  co_return held_->credentials;
}

bool CredentialCache::refused(const std::string& access_key) {
  if (!fetch_) return false;
  if (held_ && held_->credentials.access_key == access_key) held_.reset();
  return true;
}

void CredentialCache::keep(TemporaryCredentials fetched) {
  const TimePoint soonest = clock_.now() + kLeastPause;
  renew_at_ = fetched.expires ? std::max(*fetched.expires - kBeforeExpiry, soonest) : TimePoint::max();
  held_ = std::move(fetched);
}

Task<void> CredentialCache::renew() {
  const auto flight = std::make_shared<Flight>(co_await asio::this_coro::executor);
  /// Wakes who waits, however this call ends.
  struct Landing {
    CredentialCache& cache;
    Flight& flight;
    ~Landing() {
      cache.flight_.reset();
      flight.over = true;
      flight.landed.cancel();
    }
  };
  flight_ = flight;
  const Landing landing{*this, *flight};
  try {
    keep(co_await fetch_());
  } catch (const Error& e) {
    flight->failed = e;
    if (e.kind() == ErrorKind::Cancelled || !valid()) throw;
    log::warn("the credentials are not renewed yet", {{"error", e.what()}});
    flight->failed.reset();
    renew_at_ = clock_.now() + kLeastPause;
  }
}

Task<void> CredentialCache::wait_for(std::shared_ptr<Flight> flight) {
  co_await flight->landed.async_wait(asio::as_tuple(asio::use_awaitable));
  if (!flight->over) throw Error(ErrorKind::Cancelled, "cancelled");
  // Who was cancelled had no answer: the next one asks.
  if (flight->failed && flight->failed->kind() != ErrorKind::Cancelled) throw *flight->failed;
}

}  // namespace stash::storage
