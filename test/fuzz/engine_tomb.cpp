#include "engine/format/tomb.hpp"
#include "fuzz/fuzz.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace stash;
  const ByteView bytes = fuzz::view(data, size);
  return fuzz::decode([&] {
    const engine::Tomb tomb = engine::decode_tomb(bytes, "tomb");
    fuzz::require(engine::decode_tomb(engine::encode_tomb(tomb), "tomb") == tomb);
  });
}
