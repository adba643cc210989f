#include "stash/crypto/xxh3.hpp"

#include <xxhash.h>

#include <bit>
#include <cstring>

namespace stash::crypto {

std::uint64_t xxh3_64(ByteView bytes) { return XXH3_64bits(bytes.data(), bytes.size()); }

std::array<std::byte, 16> xxh3_128(ByteView bytes) {
  XXH128_canonical_t canonical;
  XXH128_canonicalFromHash(&canonical, XXH3_128bits(bytes.data(), bytes.size()));
  return std::bit_cast<std::array<std::byte, 16>>(canonical.digest);
}

}  // namespace stash::crypto
