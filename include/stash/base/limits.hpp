#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace stash {

/// The least memory, in bytes, that the control groups of this process (version 1 or 2; its own and those
/// above) allow it; nothing when they set no limit. `root` goes before /proc and /sys, for tests.
std::optional<std::uint64_t> memory_limit(const std::string& root = "");

/// Processors that this process may use at once: those it is bound to, or less where a control group (version
/// 2; its own or one above) has a quota, which may be a fraction. More than 0.
double available_cpus(const std::string& root = "");

/// How many threads a pool of this process is to have: one for each available processor, 2 to 16.
std::size_t worker_threads();

}  // namespace stash
