#pragma once

namespace stash {

/// For a process that is through with work that took much, or is about to wait for long beside others in the
/// same pod or on the same node. Returns free heap to the kernel, and unmaps the program's own text and
/// constants: they stay in the page cache, of which all processes of the node share one copy, and what is
/// needed again is mapped again without a read. Costs less than a millisecond.
void give_back_memory();

}  // namespace stash
