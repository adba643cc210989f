#include "fuzz/fuzz.hpp"
#include "stash/base/time.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace stash;
  const ByteView bytes = fuzz::view(data, size);
  return fuzz::decode([&] {
    const auto time = parse_time(as_text(bytes));
    if (time) fuzz::require(parse_time(format_micro_time(*time)).has_value());
    const auto duration = parse_duration(as_text(bytes));
    if (duration) fuzz::require(parse_duration(format_duration(*duration)) == duration);
  });
}
