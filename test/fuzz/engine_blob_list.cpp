#include "engine/format/tree.hpp"
#include "fuzz/fuzz.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace stash;
  const ByteView bytes = fuzz::view(data, size);
  return fuzz::decode([&] {
    const auto refs = engine::decode_blob_list(bytes, 1);
    fuzz::require(engine::decode_blob_list(engine::encode_blob_list(refs, 1), 1) == refs);
  });
}
