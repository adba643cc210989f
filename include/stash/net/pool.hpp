#pragma once

#include <boost/asio/thread_pool.hpp>

#include <cstddef>
#include <thread>
#include <vector>

namespace stash::net {

/// Threads for computing and for calls that block. Makes do with fewer where the system gives no more, down
/// to one; throws what says so when there is not even one. One of no threads does the work where it is
/// offloaded from: for tests in which everything has to come in the same order every time.
///
/// The threads are not those of the base: its constructor waits for ever when it gets only some of them.
class Pool : public boost::asio::thread_pool {
 public:
  explicit Pool(std::size_t threads);
  ~Pool() { join(); }
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;

  bool runs_inline() const { return threads_.empty(); }
  /// Waits for the work there is; nothing may be offloaded afterwards.
  void join();

 private:
  std::vector<std::thread> threads_;
  bool joined_ = false;
};

}  // namespace stash::net
