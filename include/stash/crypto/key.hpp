#pragma once

#include <array>
#include <cstddef>

#include "stash/base/bytes.hpp"

namespace stash::crypto {

/// Overwrites memory in a way that the optimiser keeps.
void wipe(std::span<std::byte> bytes) noexcept;

/// 256 bits of key material; wiped when it goes.
class Key {
 public:
  static constexpr std::size_t kSize = 32;

  Key() = default;
  /// Throws Error(Internal) unless `bytes` holds exactly 32.
  explicit Key(ByteView bytes);
  Key(const Key&) = default;
  Key& operator=(const Key&) = default;
  ~Key() { wipe(bytes_); }

  ByteView view() const { return bytes_; }
  std::span<std::byte, kSize> bytes() { return bytes_; }

 private:
  std::array<std::byte, kSize> bytes_{};
};

/// Comparison whose time depends only on the lengths. False when they differ.
bool equal_constant_time(ByteView a, ByteView b);

}  // namespace stash::crypto
