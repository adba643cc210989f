#include "stash/storage/retrying_store.hpp"

#include <numeric>

#include "stash/base/log.hpp"
#include "stash/net/backoff.hpp"

namespace stash::storage {
namespace {

constexpr Duration kFirstWait = std::chrono::milliseconds(200);
constexpr Duration kLongestWait = std::chrono::seconds(30);

}  // namespace

RetryingStore::RetryingStore(std::unique_ptr<Store> inner, net::Timers& timers, Random& random,
                             Patience patience)
    : inner_(std::move(inner)), timers_(timers), random_(random), patience_(patience) {}

/// `call` is told whether it was tried before.
template <class T>
Task<T> RetryingStore::until_done(std::function<Task<T>(bool)> call) {
  net::Backoff backoff(random_, kFirstWait, kLongestWait);
  std::optional<std::chrono::steady_clock::time_point> failing_since;
  for (bool again = false;; again = true) {
    std::optional<Error> failed;
    try {
      if constexpr (std::is_void_v<T>) {
        co_await call(again);
        has_answered_ = true;
        co_return;
      } else {
        T result = co_await call(again);
        has_answered_ = true;
        co_return result;
      }
    } catch (const Error& e) {
      failed = e;
    }
    if (failed->kind() != ErrorKind::Unavailable) {
      has_answered_ = true;
      throw *failed;
    }
    if (!failing_since) failing_since = timers_.steady();
    const Duration wait = backoff.next();
    const Duration patience = has_answered_ ? patience_.outage : patience_.silence;
    if (timers_.steady() + wait > *failing_since + patience) throw *failed;
    log::write(again ? log::Level::Debug : log::Level::Warn, "the store failed, trying again",
               {{"store", describe()}, {"error", failed->what()}, {"wait", format_duration(wait)}});
    co_await timers_.sleep(wait);
  }
}

Task<void> RetryingStore::put(std::string name, std::vector<ByteView> parts) {
  std::function<Task<void>(bool)> call = [&](bool again) { return put_once(name, parts, again); };
  co_await until_done<void>(std::move(call));
}

Task<void> RetryingStore::put_once(std::string name, std::vector<ByteView> parts, bool again) {
  std::optional<Error> failed;
  try {
    co_await inner_->put(name, parts);
    co_return;
  } catch (const Error& e) {
    failed = e;
  }
  if (failed->kind() != ErrorKind::Conflict || !again) throw *failed;
  const std::uint64_t total =
      std::accumulate(parts.begin(), parts.end(), std::uint64_t{0},
                      [](std::uint64_t sum, ByteView part) { return sum + part.size(); });
  const auto there = co_await inner_->size(name);
  if (there != total) throw *failed;
}

Task<Bytes> RetryingStore::get(std::string name, Range range) {
  std::function<Task<Bytes>(bool)> call = [&](bool) { return inner_->get(name, range); };
  co_return co_await until_done<Bytes>(std::move(call));
}

Task<std::optional<std::uint64_t>> RetryingStore::size(std::string name) {
  using Size = std::optional<std::uint64_t>;
  std::function<Task<Size>(bool)> call = [&](bool) { return inner_->size(name); };
  co_return co_await until_done<Size>(std::move(call));
}

Task<ListPage> RetryingStore::list(std::string prefix, std::string token) {
  std::function<Task<ListPage>(bool)> call = [&](bool) { return inner_->list(prefix, token); };
  co_return co_await until_done<ListPage>(std::move(call));
}

Task<void> RetryingStore::remove(std::string name) {
  std::function<Task<void>(bool)> call = [&](bool) { return inner_->remove(name); };
  co_await until_done<void>(std::move(call));
}

Task<void> RetryingStore::sync() {
  std::function<Task<void>(bool)> call = [&](bool) { return inner_->sync(); };
  co_await until_done<void>(std::move(call));
}

}  // namespace stash::storage
