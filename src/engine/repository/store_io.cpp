#include "engine/repository/store_io.hpp"

namespace stash::engine {

Task<void> put_new(storage::Store& store, std::string name, ByteView bytes) {
  std::vector<ByteView> parts{bytes};
  bool conflict = false;
  try {
    co_await store.put(name, std::move(parts));
  } catch (const Error& e) {
    if (e.kind() != ErrorKind::Conflict) throw;
    conflict = true;
  }
  if (!conflict) co_return;
  const auto size = co_await store.size(name);
  if (size != bytes.size()) throw Error(ErrorKind::Conflict, "{} exists already with other content", name);
}

Task<Bytes> get_small(storage::Store& store, std::string name, std::uint64_t limit) {
  const storage::Range range(0, limit + 1);
  Bytes bytes = co_await store.get(name, range);
  if (bytes.size() > limit) throw Error(ErrorKind::Corrupt, "{}: damaged: longer than {} bytes", name, limit);
  co_return bytes;
}

}  // namespace stash::engine
