#include "engine/format/sealed.hpp"
#include "fuzz/fuzz.hpp"

namespace {

using namespace stash;
using namespace stash::engine;

constexpr std::string_view kName = "index/a";
constexpr std::size_t kEdit = 4;

const Keys& keys() {
  static const Keys keys(crypto::Key(Bytes(32, std::byte{7})), ObjectId());
  return keys;
}

/// Of two pieces and a bit.
const Bytes& plain() {
  static const Bytes bytes((2u << 20) + 5);
  return bytes;
}

const Bytes& sealed() {
  static const Bytes bytes = seal_object(keys(), kSegmentMagic, kName, plain());
  return bytes;
}

bool is_same(ByteView a, ByteView b) { return as_text(a) == as_text(b); }

std::size_t number(ByteView bytes) {
  std::size_t n = 0;
  for (const std::byte b : bytes) n = n << 8 | std::to_integer<std::size_t>(b);
  return n;
}

}  // namespace

/// No input begins like an object that is sealed with the right key, so it tells what to do with one: three
/// bytes how long it is to be, then three where and one with which bits each byte is flipped.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  ByteView edits = fuzz::view(data, size);
  if (edits.size() < kEdit) return 0;
  return fuzz::decode([&] {
    Bytes bytes = sealed();
    bytes.resize(number(edits.first(3)) % (bytes.size() + 64));
    edits = edits.subspan(3);
    for (; edits.size() >= kEdit && !bytes.empty(); edits = edits.subspan(kEdit))
      bytes[number(edits.first(3)) % bytes.size()] ^= edits[3];
    const Bytes opened = open_object(keys(), kSegmentMagic, kName, bytes);
    fuzz::require(is_same(bytes, sealed()) && is_same(opened, plain()));
  });
}
