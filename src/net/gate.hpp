#pragma once

#include <list>

#include "stash/net/task.hpp"

namespace stash::net {

/// Counts places; who finds none waits in order. One io thread.
class Gate {
 public:
  explicit Gate(std::size_t places) : free_(places) {}
  Gate(const Gate&) = delete;
  Gate& operator=(const Gate&) = delete;

  /// Takes a place. Throws Error(Cancelled).
  Task<void> enter();
  /// Gives a place back, to the longest waiter if there is one.
  void leave();

 private:
  struct Waiter;
  std::size_t free_;
  std::list<Waiter*> waiters_;
};

/// Gives the place back when it goes.
class Place {
 public:
  explicit Place(Gate& gate) : gate_(&gate) {}
  Place(Place&& other) noexcept : gate_(std::exchange(other.gate_, nullptr)) {}
  Place& operator=(Place&&) = delete;
  ~Place() {
    if (gate_) gate_->leave();
  }

 private:
  Gate* gate_;
};

}  // namespace stash::net
