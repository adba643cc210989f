#include "fuzz/fuzz.hpp"
#include "stash/json/value.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace stash;
  const ByteView bytes = fuzz::view(data, size);
  return fuzz::decode([&] {
    const json::Document document = json::parse(as_text(bytes), "fuzz");
    // Doubles lose their last digits, so only that it can be read again.
    json::parse(json::dump(document), "fuzz");
  });
}
