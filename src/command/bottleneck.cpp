#include "command/bottleneck.hpp"

#include <algorithm>
#include <utility>

namespace stash::command {
namespace {

/// Of the processors; what is missing goes to changing over between threads.
constexpr double kBusy = 0.85;

}  // namespace

void Bottleneck::look(Duration elapsed, Duration used, bool store_waits) {
  const bool busy = static_cast<double>(used.count()) >= kBusy * cpus_ * static_cast<double>(elapsed.count());
  (busy ? cpu_ : store_waits ? store_ : source_) += elapsed;
}

std::string_view Bottleneck::take() {
  const Duration cpu = std::exchange(cpu_, Duration::zero());
  const Duration store = std::exchange(store_, Duration::zero());
  const Duration source = std::exchange(source_, Duration::zero());
  const Duration most = std::max({cpu, store, source});
  if (most == Duration::zero()) return "";
  return most == cpu ? "CPU" : most == store ? "store" : "source";
}

}  // namespace stash::command
