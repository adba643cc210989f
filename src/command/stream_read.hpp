#pragma once

#include <span>
#include <string>

#include "stash/net/task.hpp"

namespace stash::command {

/// Fills a part of the buffer from a descriptor that may be silent for long: cancelling ends the wait. 0 at
/// the end of the stream. `what` begins the sentence of a failure.
Task<std::size_t> read_when_ready(net::Pool& pool, int fd, std::span<std::byte> into, std::string what);

}  // namespace stash::command
