#pragma once

#include <string_view>

#include "stash/base/time.hpp"

namespace stash::command {

/// What a backup is held up by, told from many short looks at it: "CPU" where this process uses nearly all
/// processors it may use, "store" where bytes wait for the store, else "source".
class Bottleneck {
 public:
  explicit Bottleneck(double cpus) : cpus_(cpus) {}

  /// What was seen in `elapsed` since the look before: CPU time used, and whether somebody waits for the
  /// store.
  void look(Duration elapsed, Duration used, bool store_waits);

  /// What most of the time since the last call went to; "" when nothing was looked at.
  std::string_view take();

 private:
  const double cpus_;
  Duration cpu_ = Duration::zero();
  Duration store_ = Duration::zero();
  Duration source_ = Duration::zero();
};

}  // namespace stash::command
