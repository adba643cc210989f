#include "engine/format/pack.hpp"
#include "fuzz/fuzz.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace stash;
  const ByteView bytes = fuzz::view(data, size);
  return fuzz::decode([&] {
    // The first two bytes stand for where the frames end.
    if (bytes.size() < 2) return;
    const std::size_t end =
        std::to_integer<std::size_t>(bytes[0]) << 8 | std::to_integer<std::size_t>(bytes[1]);
    engine::decode_footer(bytes.subspan(2), end);
  });
}
