#pragma once

#include <string_view>

#include "stash/base/bytes.hpp"
#include "stash/crypto/key.hpp"

namespace stash::crypto {

/// HKDF-SHA256 (RFC 5869), extract and expand, to one 256-bit key.
Key hkdf(ByteView secret, ByteView salt, std::string_view info);

/// Costs of scrypt (RFC 7914); memory is about 128 * r * N bytes.
struct ScryptCost {
  std::uint32_t log_n = 15;
  std::uint32_t r = 8;
  std::uint32_t p = 1;

  bool operator==(const ScryptCost&) const = default;
};

/// Derives a 256-bit key from a password. Throws Error(Invalid) for costs outside log_n 10..20, r 1..32,
/// p 1..16 or above 1 GiB of memory, so that a forged key slot cannot exhaust the machine.
Key scrypt(std::string_view password, ByteView salt, ScryptCost cost);

}  // namespace stash::crypto
