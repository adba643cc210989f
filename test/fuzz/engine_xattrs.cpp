#include "engine/format/entry.hpp"
#include "fuzz/fuzz.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace stash;
  const ByteView bytes = fuzz::view(data, size);
  return fuzz::decode([&] {
    const auto xattrs = engine::decode_xattrs(bytes);
    fuzz::require(engine::decode_xattrs(engine::encode_xattrs(xattrs)) == xattrs);
  });
}
