#pragma once

#include <string>

#include "stash/net/task.hpp"

namespace stash::kube {

/// Runs `op` to its end even in a coroutine that was told to stop (giving a lease back), but no longer than
/// `limit`. An Error of `op` is answered as its text, "" when all went well. A coroutine
/// that was told to stop can await this only after this_coro::throw_if_cancelled(false).
Task<std::string> shielded(Duration limit, std::string what, Task<void> op);

}  // namespace stash::kube
