#include "engine/repository/refusals.hpp"

namespace stash::engine {

void count_refusal(Refusals& refused, std::uint64_t bytes, const Error& why) {
  ++refused.objects;
  refused.bytes += bytes;
  if (refused.first.empty()) refused.first = why.what();
}

Task<bool> try_remove(storage::Store& store, std::string name, std::uint64_t bytes, Refusals& refused) {
  try {
    co_await store.remove(std::move(name));
    co_return true;
  } catch (const Error& e) {
    if (e.kind() != ErrorKind::Denied) throw;
    count_refusal(refused, bytes, e);
  }
  co_return false;
}

}  // namespace stash::engine
