#pragma once

#include "stash/engine/forget.hpp"
#include "stash/storage/store.hpp"

namespace stash::engine {

/// Counts an object that the store refused to delete; `why` names it.
void count_refusal(Refusals& refused, std::uint64_t bytes, const Error& why);

/// Removes an object of `bytes`. False when the store refuses (Denied), which is counted.
Task<bool> try_remove(storage::Store& store, std::string name, std::uint64_t bytes, Refusals& refused);

}  // namespace stash::engine
