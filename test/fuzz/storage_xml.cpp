#include "fuzz/fuzz.hpp"
#include "storage/xml.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace stash;
  const ByteView bytes = fuzz::view(data, size);
  return fuzz::decode([&] { storage::parse_xml(as_text(bytes)); });
}
