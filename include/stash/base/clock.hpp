#pragma once

#include <chrono>

#include "stash/base/time.hpp"

namespace stash {

/// Where time comes from. Wall time may jump; steady time only moves forward, also while the machine sleeps,
/// and its points mean nothing but the time between two of them. Nothing for safety may depend on either.
class Clock {
 public:
  Clock() = default;
  Clock(const Clock&) = delete;
  Clock& operator=(const Clock&) = delete;
  virtual ~Clock() = default;

  virtual TimePoint now() const = 0;
  virtual std::chrono::steady_clock::time_point steady() const = 0;
};

/// The machine's clock.
class SystemClock final : public Clock {
 public:
  TimePoint now() const override;
  std::chrono::steady_clock::time_point steady() const override;
};

}  // namespace stash
