#include "stash/net/pool.hpp"

#include <system_error>

namespace stash::net {

Pool::Pool(std::size_t threads) : thread_pool(0) {
  threads_.reserve(threads);
  try {
    for (std::size_t i = 0; i < threads; ++i) threads_.emplace_back([this] { attach(); });
  } catch (const std::system_error&) {
    if (threads_.empty()) throw;
  }
}

void Pool::join() {
  if (joined_) return;
  joined_ = true;
  wait();
  for (std::thread& thread : threads_) thread.join();
}

}  // namespace stash::net
