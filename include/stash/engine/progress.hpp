#pragma once

#include <atomic>
#include <cstdint>

namespace stash::engine {

/// Counters an operation keeps up to date and anyone may sample; bytes and entries. Total is 0 while unknown.
struct Progress {
  std::atomic<std::uint64_t> files_done{0};
  std::atomic<std::uint64_t> bytes_done{0};
  std::atomic<std::uint64_t> files_total{0};
  std::atomic<std::uint64_t> bytes_total{0};
  std::atomic<std::uint64_t> bytes_new{0};     ///< raw bytes not known before
  std::atomic<std::uint64_t> bytes_stored{0};  ///< bytes acknowledged by the store
  std::atomic<std::uint64_t> errors{0};
  std::atomic<std::uint32_t> store_waiters{
      0};  ///< who has bytes for the store and waits until it took others
};

}  // namespace stash::engine
