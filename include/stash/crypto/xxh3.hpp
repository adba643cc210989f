#pragma once

#include <array>

#include "stash/base/bytes.hpp"

namespace stash::crypto {

/// XXH3 checksums: they find accidents, never attacks.
std::uint64_t xxh3_64(ByteView bytes);

/// The 128-bit sum in its canonical (big-endian) form.
std::array<std::byte, 16> xxh3_128(ByteView bytes);

}  // namespace stash::crypto
