#pragma once

#include "stash/base/random.hpp"
#include "stash/base/time.hpp"

namespace stash::kube {

/// Exponential waits: first, first*2, ... up to most, each drawn from [wait/2, wait] so that many clients
/// spread.
struct Backoff {
  Duration first = std::chrono::seconds(1);
  Duration most = std::chrono::minutes(5);

  Backoff() {}
  Backoff(Duration f, Duration m) : first(f), most(m) {}
  /// The wait before try number `failures` + 1; zero when there was no failure.
  Duration wait(int failures, Random& random) const;
};

}  // namespace stash::kube
