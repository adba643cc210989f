#include "storage/crc32c.hpp"

#include <array>
#include <cstring>

#if defined(__x86_64__)
#include <nmmintrin.h>
#endif

namespace stash::storage {
namespace {

constexpr std::array<std::uint32_t, 256> make_table() {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    std::uint32_t value = i;
    for (int bit = 0; bit < 8; ++bit) value = value & 1 ? value >> 1 ^ 0x82F63B78u : value >> 1;
    table[i] = value;
  }
  return table;
}
constexpr auto kTable = make_table();

std::uint32_t by_table(std::uint32_t crc, ByteView bytes) {
  for (const std::byte b : bytes) crc = kTable[(crc ^ std::to_integer<std::uint32_t>(b)) & 255] ^ crc >> 8;
  return crc;
}

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) std::uint32_t by_instruction(std::uint32_t crc, ByteView bytes) {
  std::uint64_t wide = crc;
  std::size_t at = 0;
  for (; at + 8 <= bytes.size(); at += 8) {
    std::uint64_t word;
    std::memcpy(&word, bytes.data() + at, 8);
    wide = _mm_crc32_u64(wide, word);
  }
  return by_table(static_cast<std::uint32_t>(wide), bytes.subspan(at));
}
#endif

std::uint32_t update(std::uint32_t crc, ByteView bytes) {
#if defined(__x86_64__)
  static const bool kHas = __builtin_cpu_supports("sse4.2");
  if (kHas) return by_instruction(crc, bytes);
#endif
  return by_table(crc, bytes);
}

}  // namespace

std::uint32_t crc32c(const std::vector<ByteView>& parts) {
  std::uint32_t crc = 0xFFFFFFFFu;
  for (const ByteView part : parts) crc = update(crc, part);
  return ~crc;
}

}  // namespace stash::storage
