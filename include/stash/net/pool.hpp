#pragma once

#include <semaphore.h>

#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace stash::net {

/// Threads for computing and for calls that block. Makes do with fewer where the system gives no more, down
/// to one; throws what says so when there is not even one. One of no threads does the work where it is
/// offloaded from: for tests in which everything has to come in the same order every time.
///
/// Not asio::thread_pool: its threads wait on one condition variable, and in glibc 2.25 to 2.40 a signal to
/// one of several waiters may be lost (sourceware bug 25847), after which all of them sleep while work waits.
/// A semaphore counts and cannot forget.
class Pool {
 public:
  explicit Pool(std::size_t threads);
  ~Pool();
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;

  bool runs_inline() const { return threads_.empty(); }
  /// Has `work` done by one of the threads; in the order of posting they take it up. It may not throw.
  void post(std::function<void()> work);
  /// Waits for the work there is; nothing may be offloaded afterwards.
  void join();

 private:
  void work();

  std::mutex mutex_;
  std::deque<std::function<void()>> queue_;
  sem_t tokens_;  ///< one for each entry of the queue, and at the end one for each thread
  std::vector<std::thread> threads_;
};

}  // namespace stash::net
