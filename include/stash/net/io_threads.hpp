#pragma once

#include <system_error>
#include <thread>
#include <vector>

#include "stash/net/task.hpp"

namespace stash::net {

/// Threads that wait for disks, as a pool. Makes do with fewer where the system gives no more, down to one;
/// throws what says so when there is not even one. 0: work is done where it is offloaded from (Pool).
class IoThreads {
 public:
  explicit IoThreads(std::size_t threads) : pool_(threads == 0 ? 0 : 1) {
    // A thread_pool of several that gets only some of them waits in its constructor for ever.
    try {
      for (std::size_t i = 1; i < threads; ++i) more_.emplace_back([this] { pool_.attach(); });
    } catch (const std::system_error&) {
      // those that there are will do
    }
  }
  IoThreads(const IoThreads&) = delete;
  IoThreads& operator=(const IoThreads&) = delete;
  ~IoThreads() {
    pool_.join();
    for (std::thread& thread : more_) thread.join();
  }

  Pool& pool() { return pool_; }

 private:
  Pool pool_;
  std::vector<std::thread> more_;
};

}  // namespace stash::net
