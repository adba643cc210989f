#include "engine/format/frame.hpp"
#include "fuzz/fuzz.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace stash;
  const ByteView bytes = fuzz::view(data, size);
  return fuzz::decode([&] {
    // The first two bytes stand for the raw length that the index gives.
    if (bytes.size() < 2) return;
    const std::size_t raw =
        std::to_integer<std::size_t>(bytes[0]) << 8 | std::to_integer<std::size_t>(bytes[1]);
    fuzz::require(engine::decompress(bytes.subspan(2), engine::Codec::Lz4, raw).size() == raw);
  });
}
