#include "stash/crypto/key.hpp"

#include <openssl/crypto.h>

#include <algorithm>

#include "stash/base/error.hpp"

namespace stash::crypto {

void wipe(std::span<std::byte> bytes) noexcept { OPENSSL_cleanse(bytes.data(), bytes.size()); }

Key::Key(ByteView bytes) {
  if (bytes.size() != kSize)
    throw Error(ErrorKind::Internal, "a key needs {} bytes, got {}", kSize, bytes.size());
  std::ranges::copy(bytes, bytes_.begin());
}

bool equal_constant_time(ByteView a, ByteView b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace stash::crypto
