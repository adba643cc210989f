#include "crypto/sha256_lanes.hpp"

#include <algorithm>

#include "stash/base/error.hpp"
#include "stash/crypto/digest.hpp"

#if defined(__x86_64__)
#include <cpuid.h>
#include <immintrin.h>
#endif

namespace stash::crypto {

void sha256_end(Sha256State& state, ByteView rest, std::uint64_t length) {
  std::array<std::byte, 2 * kSha256Block> tail{};
  std::ranges::copy(rest, tail.begin());
  tail[rest.size()] = std::byte{0x80};
  const std::size_t blocks = rest.size() < kSha256Block - 8 ? 1 : 2;
  for (std::size_t i = 0; i < 8; ++i)
    tail[blocks * kSha256Block - 1 - i] = static_cast<std::byte>(length * 8 >> (8 * i));
  sha256_blocks(state, tail.data(), blocks);
}

std::array<std::byte, 32> sha256_digest(const Sha256State& state) {
  std::array<std::byte, 32> digest{};
  for (std::size_t i = 0; i < digest.size(); ++i)
    digest[i] = static_cast<std::byte>(state[i / 4] >> (24 - 8 * (i % 4)));
  return digest;
}

#if defined(__x86_64__)

namespace {

#define STASH_SHA __attribute__((target("sha,sse4.1,ssse3")))

alignas(16) constexpr std::array<std::uint32_t, 64> kRound{
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

/// The state as the instructions want it: words A B E F and C D G H, and the four newest words of the
/// schedule.
struct Lane {
  __m128i abef;
  __m128i cdgh;
  __m128i words[4];
};

STASH_SHA inline Lane load(const Sha256State& state) {
  const auto* words = reinterpret_cast<const __m128i*>(state.data());
  const __m128i cdab = _mm_shuffle_epi32(_mm_loadu_si128(words), 0xb1);
  const __m128i efgh = _mm_shuffle_epi32(_mm_loadu_si128(words + 1), 0x1b);
  return {_mm_alignr_epi8(cdab, efgh, 8), _mm_blend_epi16(efgh, cdab, 0xf0), {}};
}

STASH_SHA inline void save(const Lane& lane, Sha256State& state) {
  auto* words = reinterpret_cast<__m128i*>(state.data());
  const __m128i feba = _mm_shuffle_epi32(lane.abef, 0x1b);
  const __m128i dchg = _mm_shuffle_epi32(lane.cdgh, 0xb1);
  _mm_storeu_si128(words, _mm_blend_epi16(feba, dchg, 0xf0));
  _mm_storeu_si128(words + 1, _mm_alignr_epi8(dchg, feba, 8));
}

/// Four rounds, and the words that later ones need: step 0 to 15 of a block.
template <std::size_t Step>
STASH_SHA inline void step(Lane& lane, const std::byte* block) {
  const __m128i big_endian = _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203);
  __m128i& now = lane.words[Step % 4];
  __m128i& before = lane.words[(Step + 3) % 4];
  __m128i& next = lane.words[(Step + 1) % 4];
  if constexpr (Step < 4)
    now = _mm_shuffle_epi8(_mm_loadu_si128(reinterpret_cast<const __m128i*>(block) + Step), big_endian);
  const auto* constants = reinterpret_cast<const __m128i*>(kRound.data());
  const __m128i sum = _mm_add_epi32(now, _mm_load_si128(constants + Step));
  lane.cdgh = _mm_sha256rnds2_epu32(lane.cdgh, lane.abef, sum);
  if constexpr (Step >= 3 && Step < 15)
    next = _mm_sha256msg2_epu32(_mm_add_epi32(next, _mm_alignr_epi8(now, before, 4)), now);
  lane.abef = _mm_sha256rnds2_epu32(lane.abef, lane.cdgh, _mm_shuffle_epi32(sum, 0x0e));
  if constexpr (Step >= 1 && Step < 13) before = _mm_sha256msg1_epu32(before, now);
}

template <std::size_t... Steps>
STASH_SHA inline void block(Lane& lane, const std::byte* data, std::index_sequence<Steps...>) {
  (step<Steps>(lane, data), ...);
}

template <std::size_t... Steps>
STASH_SHA inline void block(Lane& a, const std::byte* a_data, Lane& b, const std::byte* b_data,
                            std::index_sequence<Steps...>) {
  ((step<Steps>(a, a_data), step<Steps>(b, b_data)), ...);
}

STASH_SHA inline void add(Lane& lane, const Lane& before) {
  lane.abef = _mm_add_epi32(lane.abef, before.abef);
  lane.cdgh = _mm_add_epi32(lane.cdgh, before.cdgh);
}

using AllSteps = std::make_index_sequence<16>;

Digest digest_of(ByteView message) {
  Sha256State state = kSha256Start;
  const std::size_t blocks = message.size() / kSha256Block;
  sha256_blocks(state, message.data(), blocks);
  sha256_end(state, message.subspan(blocks * kSha256Block), message.size());
  return sha256_digest(state);
}

bool processor_has_sha() {
  constexpr unsigned kExtendedFeatures = 7;
  constexpr unsigned kShaBit = 1u << 29;
  unsigned a = 0, b = 0, c = 0, d = 0;
  return __get_cpuid_count(kExtendedFeatures, 0, &a, &b, &c, &d) && (b & kShaBit) != 0 &&
         __builtin_cpu_supports("sse4.1") && __builtin_cpu_supports("ssse3");
}

/// Whether both ways through the instructions give what OpenSSL gives.
bool agrees_with_openssl() {
  std::array<std::byte, 3 * kSha256Block + 60> message{};
  for (std::size_t i = 0; i < message.size(); ++i) message[i] = static_cast<std::byte>(i * 7 + 1);
  for (const std::size_t size : {std::size_t{0}, std::size_t{55}, std::size_t{64}, message.size()})
    if (digest_of(ByteView(message).first(size)) != sha256(ByteView(message).first(size))) return false;
  Sha256State first = kSha256Start;
  Sha256State second = kSha256Start;
  sha256_blocks(first, message.data(), second, message.data() + kSha256Block, 2);
  sha256_end(first, {}, 2 * kSha256Block);
  sha256_end(second, {}, 2 * kSha256Block);
  const ByteView all(message);
  return sha256_digest(first) == sha256(all.first(2 * kSha256Block)) &&
         sha256_digest(second) == sha256(all.subspan(kSha256Block, 2 * kSha256Block));
}

}  // namespace

STASH_SHA void sha256_blocks(Sha256State& state, const std::byte* data, std::size_t blocks) {
  Lane lane = load(state);
  for (; blocks > 0; --blocks, data += kSha256Block) {
    const Lane before = lane;
    block(lane, data, AllSteps());
    add(lane, before);
  }
  save(lane, state);
}

STASH_SHA void sha256_blocks(Sha256State& first, const std::byte* first_data, Sha256State& second,
                             const std::byte* second_data, std::size_t blocks) {
  Lane a = load(first);
  Lane b = load(second);
  for (; blocks > 0; --blocks, first_data += kSha256Block, second_data += kSha256Block) {
    const Lane a_before = a;
    const Lane b_before = b;
    block(a, first_data, b, second_data, AllSteps());
    add(a, a_before);
    add(b, b_before);
  }
  save(a, first);
  save(b, second);
}

bool has_sha256_lanes() {
  static const bool usable = processor_has_sha() && agrees_with_openssl();
  return usable;
}

#undef STASH_SHA

#else

bool has_sha256_lanes() { return false; }

void sha256_blocks(Sha256State&, const std::byte*, std::size_t) {
  throw Error(ErrorKind::Internal, "no SHA instructions here");
}

void sha256_blocks(Sha256State&, const std::byte*, Sha256State&, const std::byte*, std::size_t) {
  throw Error(ErrorKind::Internal, "no SHA instructions here");
}

#endif

}  // namespace stash::crypto
