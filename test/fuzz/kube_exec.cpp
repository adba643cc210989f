#include "fuzz/fuzz.hpp"
#include "kube/exec_channels.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace stash;
  const ByteView bytes = fuzz::view(data, size);
  return fuzz::decode([&] {
    kube::ExecChannels channels(100);
    for (std::size_t at = 0; at < bytes.size(); at += 50)
      channels.message(as_text(bytes.subspan(at, std::min<std::size_t>(50, bytes.size() - at))));
    channels.result("fuzz");
  });
}
