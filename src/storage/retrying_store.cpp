#include "stash/storage/retrying_store.hpp"

#include <algorithm>

#include "stash/base/log.hpp"
#include "stash/net/backoff.hpp"

namespace stash::storage {
namespace {

constexpr Duration kFirstWait = std::chrono::milliseconds(200);
constexpr Duration kLongestWait = std::chrono::seconds(30);

/// The waits of one call.
class Attempts {
 public:
  Attempts(net::Timers& timers, Random& random, Duration patience)
      : timers_(timers), backoff_(random, kFirstWait, kLongestWait), deadline_(timers.steady() + patience) {}

  bool first() const { return failures_ == 0; }

  /// Waits before the next try; throws `error` when it is no use or too late.
  Task<void> after(Error error) {
    const Duration wait = backoff_.next();
    if (error.kind() != ErrorKind::Unavailable || timers_.steady() + wait > deadline_) throw error;
    ++failures_;
    log::debug("store call failed, trying again", {{"error", error.what()}, {"wait", format_duration(wait)}});
    co_await timers_.sleep(wait);
  }

 private:
  net::Timers& timers_;
  net::Backoff backoff_;
  std::chrono::steady_clock::time_point deadline_;
  int failures_ = 0;
};

}  // namespace

RetryingStore::RetryingStore(std::unique_ptr<Store> inner, net::Timers& timers, Random& random,
                             Duration patience)
    : inner_(std::move(inner)), timers_(timers), random_(random), patience_(patience) {}

Task<void> RetryingStore::put(std::string name, std::vector<ByteView> parts) {
  std::uint64_t total = 0;
  for (const ByteView part : parts) total += part.size();
  Attempts attempts(timers_, random_, patience_);
  for (;;) {
    std::optional<Error> failed;
    try {
      co_await inner_->put(name, parts);
      co_return;
    } catch (const Error& e) {
      failed = e;
    }
    if (failed->kind() == ErrorKind::Conflict && !attempts.first()) {
      const auto there = co_await inner_->size(name);
      if (there == total) co_return;
    }
    co_await attempts.after(*failed);
  }
}

Task<Bytes> RetryingStore::get(std::string name, Range range) {
  Attempts attempts(timers_, random_, patience_);
  for (;;) {
    std::optional<Error> failed;
    try {
      co_return co_await inner_->get(name, range);
    } catch (const Error& e) {
      failed = e;
    }
    co_await attempts.after(*failed);
  }
}

Task<std::optional<std::uint64_t>> RetryingStore::size(std::string name) {
  Attempts attempts(timers_, random_, patience_);
  for (;;) {
    std::optional<Error> failed;
    try {
      co_return co_await inner_->size(name);
    } catch (const Error& e) {
      failed = e;
    }
    co_await attempts.after(*failed);
  }
}

Task<ListPage> RetryingStore::list(std::string prefix, std::string token) {
  Attempts attempts(timers_, random_, patience_);
  for (;;) {
    std::optional<Error> failed;
    try {
      co_return co_await inner_->list(prefix, token);
    } catch (const Error& e) {
      failed = e;
    }
    co_await attempts.after(*failed);
  }
}

Task<void> RetryingStore::remove(std::string name) {
  Attempts attempts(timers_, random_, patience_);
  for (;;) {
    std::optional<Error> failed;
    try {
      co_await inner_->remove(name);
      co_return;
    } catch (const Error& e) {
      failed = e;
    }
    co_await attempts.after(*failed);
  }
}

Task<void> RetryingStore::sync() {
  Attempts attempts(timers_, random_, patience_);
  for (;;) {
    std::optional<Error> failed;
    try {
      co_await inner_->sync();
      co_return;
    } catch (const Error& e) {
      failed = e;
    }
    co_await attempts.after(*failed);
  }
}

}  // namespace stash::storage
