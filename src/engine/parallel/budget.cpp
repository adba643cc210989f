#include "engine/parallel/budget.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

namespace stash::engine {

Budget::Hold::Hold(Hold&& other) noexcept
    : budget_(std::exchange(other.budget_, nullptr)), bytes_(std::exchange(other.bytes_, 0)) {}

Budget::Hold& Budget::Hold::operator=(Hold&& other) noexcept {
  if (this != &other) {
    release();
    budget_ = std::exchange(other.budget_, nullptr);
    bytes_ = std::exchange(other.bytes_, 0);
  }
  return *this;
}

void Budget::Hold::shrink(std::uint64_t bytes) {
  if (!budget_ || bytes >= bytes_) return;
  budget_->give_back(bytes_ - bytes);
  bytes_ = bytes;
}

void Budget::Hold::release() {
  if (budget_) budget_->give_back(bytes_);
  budget_ = nullptr;
  bytes_ = 0;
}

Budget::~Budget() { assert(queue_.empty() && free_ == total_ && "a budget outlives its holds"); }

Task<Budget::Hold> Budget::acquire(std::uint64_t bytes) {
  bytes = std::min(bytes, total_);
  if (queue_.empty() && bytes <= free_) {
    free_ -= bytes;
    co_return Hold(*this, bytes);
  }
  const std::uint64_t ticket = next_ticket_++;
  queue_.push_back(ticket);
  struct Leave {
    Budget& budget;
    std::uint64_t ticket;
    ~Leave() {
      std::erase(budget.queue_, ticket);
      budget.changed_.notify_all();
    }
  } leave{*this, ticket};
  while (queue_.front() != ticket || bytes > free_) co_await changed_.wait();
  free_ -= bytes;
  co_return Hold(*this, bytes);
}

void Budget::give_back(std::uint64_t bytes) {
  free_ += bytes;
  changed_.notify_all();
}

}  // namespace stash::engine
