#include "fuzz/fuzz.hpp"
#include "kube/line_splitter.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace stash;
  const ByteView bytes = fuzz::view(data, size);
  return fuzz::decode([&] {
    kube::LineSplitter lines(1000);
    for (std::size_t at = 0; at < bytes.size(); at += 7) {
      lines.feed(as_text(bytes.subspan(at, std::min<std::size_t>(7, bytes.size() - at))));
      while (lines.next()) {
      }
    }
  });
}
