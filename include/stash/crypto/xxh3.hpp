#pragma once

#include <array>
#include <memory>

#include "stash/base/bytes.hpp"

namespace stash::crypto {

/// XXH3 checksums: they find accidents, never attacks.
std::uint64_t xxh3_64(ByteView bytes);

/// The 128-bit sum in its canonical (big-endian) form.
std::array<std::byte, 16> xxh3_128(ByteView bytes);

/// xxh3_128() of bytes that come in pieces.
class Xxh3 {
 public:
  Xxh3();
  ~Xxh3();
  void update(ByteView bytes);
  std::array<std::byte, 16> sum() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace stash::crypto
