#include "engine/format/manifest.hpp"
#include "fuzz/fuzz.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace stash;
  const ByteView bytes = fuzz::view(data, size);
  return fuzz::decode([&] {
    const engine::Manifest manifest = engine::read_manifest(as_text(bytes), "fuzz");
    const std::string text = engine::write_manifest(manifest);
    fuzz::require(engine::write_manifest(engine::read_manifest(text, "fuzz")) == text);
  });
}
