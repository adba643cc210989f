#include "engine/format/frame.hpp"

#include <lz4.h>

#include "stash/base/error.hpp"

namespace stash::engine {

Payload compress(ByteView raw, Bytes& scratch) {
  const auto size = static_cast<int>(raw.size());
  // Room for a result that gains 3 %: lz4 gives up as soon as it would be larger.
  const auto worth = static_cast<int>(raw.size() - raw.size() * 3 / 100);
  if (scratch.size() < raw.size()) scratch.resize(raw.size());
  const int packed = LZ4_compress_default(reinterpret_cast<const char*>(raw.data()),
                                          reinterpret_cast<char*>(scratch.data()), size, worth);
  if (packed <= 0 || packed >= size) return {raw, Codec::Raw};
  return {ByteView(scratch).first(static_cast<std::size_t>(packed)), Codec::Lz4};
}

Bytes decompress(ByteView payload, Codec codec, std::size_t raw) {
  if (raw > kMaxFrame) throw Error(ErrorKind::Corrupt, "damaged frame: {} bytes are too many", raw);
  if (codec == Codec::Raw) {
    if (payload.size() != raw) throw Error(ErrorKind::Corrupt, "damaged frame: wrong length");
    return copy_of(payload);
  }
  Bytes out(raw);
  const int size =
      LZ4_decompress_safe(reinterpret_cast<const char*>(payload.data()), reinterpret_cast<char*>(out.data()),
                          static_cast<int>(payload.size()), static_cast<int>(raw));
  if (size < 0 || static_cast<std::size_t>(size) != raw)
    throw Error(ErrorKind::Corrupt, "damaged frame: it does not decompress");
  return out;
}

std::array<std::byte, 22> frame_aad(const ObjectId& repository, std::uint8_t kind, Codec codec,
                                    std::uint32_t raw) {
  std::array<std::byte, 22> aad{};
  std::copy(repository.bytes.begin(), repository.bytes.end(), aad.begin());
  aad[16] = static_cast<std::byte>(kind);
  aad[17] = static_cast<std::byte>(codec);
  for (std::size_t i = 0; i < 4; ++i) aad[18 + i] = static_cast<std::byte>(raw >> (8 * i));
  return aad;
}

crypto::Nonce offset_nonce(std::uint64_t offset) {
  crypto::Nonce nonce{};
  for (std::size_t i = 0; i < 8; ++i) nonce[i] = static_cast<std::byte>(offset >> (8 * i));
  return nonce;
}

}  // namespace stash::engine
