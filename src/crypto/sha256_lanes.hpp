#pragma once

#include <array>
#include <cstdint>

#include "stash/base/bytes.hpp"

// SHA-256 (FIPS 180-4) over two messages at once, with the SHA instructions of x86. One message alone waits
// for the result of each round before the next (2 cycles a byte); the rounds of a second one fit into that
// wait.

namespace stash::crypto {

inline constexpr std::size_t kSha256Block = 64;

/// The eight words between two blocks.
using Sha256State = std::array<std::uint32_t, 8>;
inline constexpr Sha256State kSha256Start{0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                          0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};

/// True when this processor has what the functions below need and they agree with OpenSSL here; else none of
/// them may be called.
bool has_sha256_lanes();

/// Takes `blocks` whole blocks at `data` into the state.
void sha256_blocks(Sha256State& state, const std::byte* data, std::size_t blocks);
/// The same for two messages.
void sha256_blocks(Sha256State& first, const std::byte* first_data, Sha256State& second,
                   const std::byte* second_data, std::size_t blocks);

/// Takes the last bytes of a message, fewer than a block, and its padding. `length` is of the whole message.
void sha256_end(Sha256State& state, ByteView rest, std::uint64_t length);
/// The digest of a state after sha256_end().
std::array<std::byte, 32> sha256_digest(const Sha256State& state);

}  // namespace stash::crypto
