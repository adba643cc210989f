#pragma once

#include <functional>
#include <vector>

#include "stash/net/task.hpp"

namespace stash::engine {

/// Runs visit(0) to visit(count - 1) with at most `width` under way at once, started in order. The first
/// failure cancels the rest and is rethrown once all have ended. `visit` is a function that calls a
/// coroutine.
Task<void> each_parallel(std::size_t count, std::size_t width, std::function<Task<void>(std::size_t)> visit);

}  // namespace stash::engine
