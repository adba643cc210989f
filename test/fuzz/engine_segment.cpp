#include "engine/format/segment.hpp"
#include "fuzz/fuzz.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace stash;
  const ByteView bytes = fuzz::view(data, size);
  return fuzz::decode([&] {
    const engine::Segment segment = engine::decode_segment(bytes);
    const Bytes encoded = engine::encode_segment(segment);
    fuzz::require(engine::encode_segment(engine::decode_segment(encoded)) == encoded);
  });
}
