#include "fuzz/fuzz.hpp"
#include "stash/net/http.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace stash;
  const ByteView bytes = fuzz::view(data, size);
  return fuzz::decode([&] {
    const net::Url url = net::Url::parse(as_text(bytes));
    fuzz::require(net::Url::parse(url.origin() + url.path) == url);
  });
}
