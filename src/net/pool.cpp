#include "stash/net/pool.hpp"

#include <system_error>
#include <utility>

#include "stash/base/fd.hpp"

namespace stash::net {

Pool::Pool(std::size_t threads) {
  sem_init(&tokens_, 0, 0);
  threads_.reserve(threads);
  try {
    for (std::size_t i = 0; i < threads; ++i) threads_.emplace_back([this] { work(); });
  } catch (const std::system_error&) {
    if (threads_.empty()) throw;
  }
}

Pool::~Pool() {
  join();
  sem_destroy(&tokens_);
}

void Pool::post(std::function<void()> work) {
  {
    const std::lock_guard lock(mutex_);
    queue_.push_back(std::move(work));
  }
  sem_post(&tokens_);
}

void Pool::work() {
  for (;;) {
    retry_eintr([this] { return sem_wait(&tokens_); });
    std::function<void()> next;
    {
      const std::lock_guard lock(mutex_);
      if (queue_.empty()) return;
      next = std::move(queue_.front());
      queue_.pop_front();
    }
    next();
  }
}

void Pool::join() {
  for (std::size_t i = 0; i < threads_.size(); ++i) sem_post(&tokens_);
  for (std::thread& thread : threads_)
    if (thread.joinable()) thread.join();
}

}  // namespace stash::net
