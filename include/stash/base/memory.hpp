#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace stash {

/// The least memory, in bytes, that the control groups of this process (version 1 or 2; its own and those
/// above) allow it; nothing when they set no limit. `root` goes before /proc and /sys, for tests.
std::optional<std::uint64_t> memory_limit(const std::string& root = "");

/// For a process that is about to wait for long, beside others in the same pod or on the same node. Returns
/// free heap to the kernel, and unmaps the program's own text and constants: they stay in the page cache, of
/// which all processes of the node share one copy, and what is needed again is mapped again without a read.
/// Costs less than a millisecond.
void give_back_memory();

}  // namespace stash
