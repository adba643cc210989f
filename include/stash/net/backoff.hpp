#pragma once

#include <algorithm>
#include <cmath>

#include "stash/base/random.hpp"
#include "stash/base/time.hpp"

namespace stash::net {

/// Waiting times between attempts: doubling from `first` up to `longest`, each drawn evenly from its upper
/// half, so that many clients that failed together do not come back together. Pure but for the random source.
class Backoff {
 public:
  explicit Backoff(Random& random, Duration first = std::chrono::seconds(1),
                   Duration longest = std::chrono::minutes(5))
      : random_(random), first_(first), longest_(longest), step_(first) {}

  /// The time to wait before the next attempt; at most `longest`.
  Duration next() {
    const Duration whole = step_;
    step_ = step_ > longest_ / 2 ? longest_ : step_ * 2;
    const double share = 0.5 + std::ldexp(static_cast<double>(random_.number() >> 11), -53) / 2;
    return Duration(static_cast<Duration::rep>(static_cast<double>(whole.count()) * share));
  }

  /// After a success: the next wait is short again.
  void reset() { step_ = first_; }

 private:
  Random& random_;
  Duration first_;
  Duration longest_;
  Duration step_;
};

}  // namespace stash::net
