#include "stash/crypto/xxh3.hpp"

#define XXH_STATIC_LINKING_ONLY  // the state's size
#include <xxhash.h>

#include <bit>
#include <cstring>

namespace stash::crypto {

std::uint64_t xxh3_64(ByteView bytes) { return XXH3_64bits(bytes.data(), bytes.size()); }

namespace {

std::array<std::byte, 16> canonical_of(XXH128_hash_t hash) {
  XXH128_canonical_t canonical;
  XXH128_canonicalFromHash(&canonical, hash);
  return std::bit_cast<std::array<std::byte, 16>>(canonical.digest);
}

}  // namespace

std::array<std::byte, 16> xxh3_128(ByteView bytes) {
  return canonical_of(XXH3_128bits(bytes.data(), bytes.size()));
}

struct Xxh3::State {
  XXH3_state_t state;
};

Xxh3::Xxh3() : state_(std::make_unique<State>()) { XXH3_128bits_reset(&state_->state); }
Xxh3::~Xxh3() = default;

void Xxh3::update(ByteView bytes) { XXH3_128bits_update(&state_->state, bytes.data(), bytes.size()); }

std::array<std::byte, 16> Xxh3::sum() const { return canonical_of(XXH3_128bits_digest(&state_->state)); }

}  // namespace stash::crypto
