#include "engine/format/chunker.hpp"

#include <algorithm>

#include "engine/format/codec.hpp"
#include "stash/crypto/digest.hpp"

namespace stash::engine {
namespace {

// High bits, which depend on the last 44 bytes and more. The top bit stays free, so that a mask shifted by
// one for the first byte of a step loses nothing.
constexpr std::uint64_t kStrict = ((std::uint64_t{1} << 20) - 1) << 43;
constexpr std::uint64_t kLoose = ((std::uint64_t{1} << 16) - 1) << 47;
static_assert((kStrict | kLoose) >> 63 == 0);

}  // namespace

Chunker::Chunker(const crypto::Key& key) {
  const crypto::HmacSha256 keyed(key.view());
  for (std::size_t i = 0; i < table_.size(); ++i) {
    const std::byte value{static_cast<unsigned char>(i)};
    const crypto::Digest digest = keyed.mac({&value, 1});
    table_[i] = ByteReader(digest, "digest").u64();
    shifted_[i] = table_[i] << 1;
  }
}

std::size_t Chunker::next_cut(ByteView data, bool last) const {
  const std::size_t size = std::min(data.size(), kMax);
  if (!last && data.size() < kMax)
    throw Error(ErrorKind::Internal, "the chunker needs {} bytes to look at", kMax);
  if (size <= kMin) return size;
  const auto* bytes = reinterpret_cast<const unsigned char*>(data.data());
  std::uint64_t hash = 0;
  std::size_t at = kMin;
  const auto scan = [&](std::size_t end, std::uint64_t mask) {
    for (; at + 2 <= end; at += 2) {
      hash = (hash << 2) + shifted_[bytes[at]];
      if ((hash & (mask << 1)) == 0) return at + 1;
      hash += table_[bytes[at + 1]];
      if ((hash & mask) == 0) return at + 2;
    }
    return std::size_t{0};
  };
  // kMin and kAverage are even: only the end of a file can leave a single byte, and the chunk ends there
  // anyway.
  static_assert(kMin % 2 == 0 && kAverage % 2 == 0 && kMax % 2 == 0);
  if (const std::size_t cut = scan(std::min(size, kAverage), kStrict)) return cut;
  if (const std::size_t cut = scan(size, kLoose)) return cut;
  return size;
}

std::vector<ByteView> cut_all(const Chunker& chunker, ByteView data, bool last) {
  std::vector<ByteView> chunks;
  while (!data.empty() && (last || data.size() >= Chunker::kMax)) {
    const std::size_t length = chunker.next_cut(data, last);
    chunks.push_back(data.first(length));
    data = data.subspan(length);
  }
  return chunks;
}

}  // namespace stash::engine
