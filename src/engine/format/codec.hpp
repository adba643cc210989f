#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "stash/base/bytes.hpp"
#include "stash/base/error.hpp"

namespace stash::engine {

/// Appends numbers and texts to bytes, little-endian.
class ByteWriter {
 public:
  explicit ByteWriter(Bytes& out) : out_(out) {}

  void u8(std::uint8_t value) { out_.push_back(static_cast<std::byte>(value)); }
  void u32(std::uint32_t value) { fixed(value, 4); }
  void u64(std::uint64_t value) { fixed(value, 8); }
  /// LEB128: seven bits a byte, low ones first.
  void varint(std::uint64_t value) {
    if (value < 0x80) return u8(static_cast<std::uint8_t>(value));
    std::array<std::byte, 10> digits;
    std::size_t count = 0;
    for (; value >= 0x80; value >>= 7) digits[count++] = static_cast<std::byte>(value | 0x80);
    digits[count++] = static_cast<std::byte>(value);
    bytes(ByteView(digits).first(count));
  }
  /// A signed number near zero in either direction.
  void zigzag(std::int64_t value) {
    varint(static_cast<std::uint64_t>(value) << 1 ^ static_cast<std::uint64_t>(value >> 63));
  }
  void bytes(ByteView value) { append(out_, value); }
  void text(std::string_view value) {
    varint(value.size());
    bytes(as_bytes(value));
  }

 private:
  void fixed(std::uint64_t value, int size) {
    for (int i = 0; i < size; ++i) u8(static_cast<std::uint8_t>(value >> (8 * i)));
  }

  Bytes& out_;
};

/// Takes numbers and texts from foreign bytes; Error(Corrupt) when they end too early or break a stated
/// bound.
class ByteReader {
 public:
  ByteReader(ByteView bytes, std::string_view what) : bytes_(bytes), what_(what) {}

  std::size_t left() const { return bytes_.size() - position_; }
  std::size_t position() const { return position_; }
  void require(bool holds, std::string_view wrong) const {
    if (!holds) throw Error(ErrorKind::Corrupt, "damaged {}: {}", what_, wrong);
  }
  ByteView take(std::uint64_t size) {
    require(size <= left(), "it ends too early");
    const ByteView part = bytes_.subspan(position_, static_cast<std::size_t>(size));
    position_ += part.size();
    return part;
  }
  std::uint8_t u8() { return std::to_integer<std::uint8_t>(take(1)[0]); }
  std::uint32_t u32() { return static_cast<std::uint32_t>(fixed(4)); }
  std::uint64_t u64() { return fixed(8); }
  std::uint64_t varint(std::uint64_t max = UINT64_MAX) {
    std::uint64_t value = 0;
    for (unsigned shift = 0;; shift += 7) {
      const std::uint8_t byte = u8();
      require(shift < 63 || byte <= 1, "a number is too large");
      value |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
      if (byte < 0x80) {
        require(byte != 0 || shift == 0, "a number is not in its shortest form");
        break;
      }
    }
    require(value <= max, "a number is too large");
    return value;
  }
  std::uint32_t varint32() { return static_cast<std::uint32_t>(varint(UINT32_MAX)); }
  std::int64_t zigzag() {
    const std::uint64_t value = varint();
    return static_cast<std::int64_t>(value >> 1 ^ (~(value & 1) + 1));
  }
  std::string text(std::uint64_t max) {
    const std::uint64_t size = varint(max);
    return std::string(as_text(take(size)));
  }
  template <std::size_t N>
  std::array<std::byte, N> array() {
    std::array<std::byte, N> value;
    const ByteView part = take(N);
    std::copy(part.begin(), part.end(), value.begin());
    return value;
  }
  void end() const { require(left() == 0, "bytes follow its end"); }

 private:
  std::uint64_t fixed(unsigned size) {
    const ByteView part = take(size);
    std::uint64_t value = 0;
    for (unsigned i = 0; i < size; ++i) value |= std::to_integer<std::uint64_t>(part[i]) << (8 * i);
    return value;
  }

  ByteView bytes_;
  std::string_view what_;
  std::size_t position_ = 0;
};

}  // namespace stash::engine
