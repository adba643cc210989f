#pragma once

#include <cstdint>
#include <string>

#include "stash/net/task.hpp"

namespace stash::net {

/// Connects and closes again. Throws Error(Unavailable) when nobody accepts within `limit`.
Task<void> check_tcp(std::string host, std::uint16_t port, Duration limit);

}  // namespace stash::net
