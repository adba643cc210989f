#include "engine/key_set.hpp"

namespace stash::engine {

bool KeySet::place(std::vector<BlobKey>& slots, const BlobKey& key) {
  const std::size_t mask = slots.size() - 1;
  for (std::size_t at = static_cast<std::size_t>(key.low) & mask;; at = (at + 1) & mask) {
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
  if (shard.used * 4 >= shard.slots.size() * 3) {
    std::vector<BlobKey> larger(std::max<std::size_t>(16, shard.slots.size() * 2));
    for (const BlobKey& old : shard.slots)
      if (old != BlobKey{}) place(larger, old);
    shard.slots = std::move(larger);
  }
  if (!place(shard.slots, key)) return false;
  ++shard.used;
  return true;
}

}  // namespace stash::engine
