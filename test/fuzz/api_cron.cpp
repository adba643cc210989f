#include "fuzz/fuzz.hpp"
#include "stash/api/cron.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace stash;
  const ByteView bytes = fuzz::view(data, size);
  return fuzz::decode([&] { api::cron_fault(as_text(bytes)); });
}
