#pragma once

#include <cstdint>
#include <vector>

#include "stash/base/bytes.hpp"

namespace stash::storage {

/// CRC-32C (Castagnoli, RFC 3720 appendix B.4) of the concatenated parts; with the CPU's instruction where it
/// has one.
std::uint32_t crc32c(const std::vector<ByteView>& parts);

}  // namespace stash::storage
