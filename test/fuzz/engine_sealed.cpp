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

std::size_t number(ByteView bytes) {
  std::size_t n = 0;
  for (const std::byte b : bytes) n = n << 8 | std::to_integer<std::size_t>(b);
  return n;
}

/// The object, cut or with zeros behind it, with bits flipped as long as this lives. All share one copy: to
/// make one of 2 MiB for each input took nearly all of the time.
class Edited {
 public:
  explicit Edited(ByteView edits) : flips_(edits.subspan(3)) {
    bytes_ = std::span(copy()).first(number(edits.first(3)) % copy().size());
    flip();
  }
  ~Edited() { flip(); }
  Edited(const Edited&) = delete;
  Edited& operator=(const Edited&) = delete;

  ByteView bytes() const { return bytes_; }
  bool is_as_sealed() const { return as_text(bytes_) == as_text(sealed()); }

 private:
  static Bytes& copy() {
    static Bytes bytes = [] {
      Bytes longer = sealed();
      longer.resize(longer.size() + 64, std::byte{0});
      return longer;
    }();
    return bytes;
  }
  /// Done twice, it changes nothing.
  void flip() {
    if (bytes_.empty()) return;
    for (ByteView left = flips_; left.size() >= kEdit; left = left.subspan(kEdit))
      bytes_[number(left.first(3)) % bytes_.size()] ^= left[3];
  }

  const ByteView flips_;
  std::span<std::byte> bytes_;
};

}  // namespace

/// No input begins like an object that is sealed with the right key, so it tells what to do with one: three
/// bytes how long it is to be, then three where and one with which bits each byte is flipped.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView edits = fuzz::view(data, size);
  if (edits.size() < kEdit) return 0;
  const Edited edited(edits);
  return fuzz::decode([&] {
    const Bytes opened = open_object(keys(), kSegmentMagic, kName, edited.bytes());
    fuzz::require(edited.is_as_sealed() && as_text(opened) == as_text(plain()));
  });
}
