#include "engine/index/key_set.hpp"

namespace stash::engine {

bool KeySet::place(std::vector<BlobKey>& slots, const BlobKey& key) {
  // Keys are uniform: the share of the table that `low` is of its range is as good as a remainder, and lets
  // the table have any size.
  const auto share = static_cast<unsigned __int128>(key.low) * slots.size() >> 64;
  for (auto at = static_cast<std::size_t>(share);; at = at + 1 == slots.size() ? 0 : at + 1) {
    if (slots[at] == key) return false;
    if (slots[at] == BlobKey{}) {
      slots[at] = key;
      return true;
    }
  }
}

bool KeySet::insert(const BlobKey& key) {
  // The zero key would be taken for a free slot; it does not happen (2^-128), and a blob stored twice is
  // harmless.
  if (key == BlobKey{}) return true;
  Shard& shard = shards_[key.high >> 58];
  const std::lock_guard lock(shard.mutex);
  if (shard.used * 8 >= shard.slots.size() * 7) {
    std::vector<BlobKey> larger(std::max<std::size_t>(16, shard.slots.size() + shard.slots.size() / 8));
    for (const BlobKey& old : shard.slots)
      if (old != BlobKey{}) place(larger, old);
    shard.slots = std::move(larger);
  }
  if (!place(shard.slots, key)) return false;
  ++shard.used;
  return true;
}

}  // namespace stash::engine
