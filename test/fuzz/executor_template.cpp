#include "executor/template.hpp"
#include "fuzz/fuzz.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace stash;
  const ByteView bytes = fuzz::view(data, size);
  return fuzz::decode([&] {
    const executor::TemplateValue::Map data{{"Name", "x"}, {"Phase", "Failed"}};
    executor::render_template(as_text(bytes), data);
  });
}
