#pragma once

#include <array>
#include <mutex>
#include <vector>

#include "engine/format/ids.hpp"

namespace stash::engine {

/// The blobs that a session has stored: a set of keys in open addressing, 18 to 21 bytes a key, in shards so
/// that many threads may insert and growing copies little at a time.
class KeySet {
 public:
  /// True when the key was not there. Any thread.
  bool insert(const BlobKey& key);

 private:
  struct Shard {
    std::mutex mutex;
    std::vector<BlobKey> slots;  ///< the zero key marks a free one
    std::size_t used = 0;
  };

  static bool place(std::vector<BlobKey>& slots, const BlobKey& key);

  std::array<Shard, 64> shards_;
};

}  // namespace stash::engine
