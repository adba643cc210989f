#pragma once

#include <cstdint>
#include <deque>

#include "engine/parallel/signal.hpp"

namespace stash::engine {

/// Counted bytes that coroutines of the control thread wait for, first come, first served. Memory is a
/// budget: whoever wants a buffer takes its bytes here first.
class Budget {
 public:
  /// Bytes taken; gives them back when it goes, on the control thread and before the budget goes.
  class Hold {
   public:
    Hold() = default;
    Hold(Hold&& other) noexcept;
    Hold& operator=(Hold&& other) noexcept;
    ~Hold() { release(); }
    std::uint64_t bytes() const { return bytes_; }
    /// Gives back all but `bytes`.
    void shrink(std::uint64_t bytes);
    void release();

   private:
    friend class Budget;
    Hold(Budget& budget, std::uint64_t bytes) : budget_(&budget), bytes_(bytes) {}
    Budget* budget_ = nullptr;
    std::uint64_t bytes_ = 0;
  };

  explicit Budget(std::uint64_t bytes) : total_(bytes), free_(bytes) {}
  ~Budget();
  Budget(const Budget&) = delete;
  Budget& operator=(const Budget&) = delete;

  /// Waits until `bytes` are free. More than the whole budget is granted once nothing else is held.
  Task<Hold> acquire(std::uint64_t bytes);
  std::uint64_t free() const { return free_; }

 private:
  void give_back(std::uint64_t bytes);

  std::uint64_t total_;
  std::uint64_t free_;
  std::deque<std::uint64_t> queue_;  ///< tickets of those who wait
  std::uint64_t next_ticket_ = 0;
  Signal changed_;
};

}  // namespace stash::engine
