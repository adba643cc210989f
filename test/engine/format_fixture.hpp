#pragma once

#include <gtest/gtest.h>

#include "engine/engine_fixture.hpp"
#include "engine/format/keys.hpp"

namespace stash::engine::test {

inline Keys test_keys() {
  SeededRandom random(77);
  const ObjectId repository = ObjectId::make(random);
  return {crypto::Key(Bytes(32, std::byte{5})), repository};
}

/// A copy that ends after `size` bytes.
inline Bytes first_of(const Bytes& bytes, std::size_t size) { return copy_of(ByteView(bytes).first(size)); }

/// Calls `open` with every shorter version of `bytes` and with every byte changed; true when each call throws
/// an Error that says Corrupt (or Unsupported, where a version byte was hit). Tells the first one that did
/// not.
template <class Open>
::testing::AssertionResult every_damage_is_detected(const Bytes& bytes, Open open) {
  const auto detected = [&](const Bytes& damaged) {
    const auto kind = kind_of([&] { open(damaged); });
    return kind == ErrorKind::Corrupt || kind == ErrorKind::Unsupported;
  };
  for (std::size_t size = 0; size < bytes.size(); ++size)
    if (!detected(first_of(bytes, size)))
      return ::testing::AssertionFailure() << "cut to " << size << " of " << bytes.size() << " bytes";
  for (std::size_t i = 0; i < bytes.size(); ++i)
    for (const std::byte mask : {std::byte{1}, std::byte{0x80}}) {
      Bytes damaged = bytes;
      damaged[i] ^= mask;
      if (!detected(damaged)) return ::testing::AssertionFailure() << "byte " << i << " changed";
    }
  Bytes longer = bytes;
  longer.push_back(std::byte{0});
  if (!detected(longer)) return ::testing::AssertionFailure() << "one byte longer";
  return ::testing::AssertionSuccess();
}

/// For bytes inside a seal: damage may go unseen by the decoder, but must not crash it nor give other Errors.
template <class Decode>
::testing::AssertionResult every_damage_is_survived(const Bytes& bytes, Decode decode) {
  const auto survived = [&](const Bytes& damaged) {
    const auto kind = kind_of([&] { decode(damaged); });
    return !kind || kind == ErrorKind::Corrupt || kind == ErrorKind::Unsupported;
  };
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    const Bytes cut = first_of(bytes, size);
    if (kind_of([&] { decode(cut); }) != ErrorKind::Corrupt)
      return ::testing::AssertionFailure() << "cut to " << size << " of " << bytes.size() << " bytes";
  }
  for (std::size_t i = 0; i < bytes.size(); ++i)
    for (unsigned value = 0; value < 256; value += 51) {
      Bytes damaged = bytes;
      damaged[i] = static_cast<std::byte>(value);
      if (!survived(damaged)) return ::testing::AssertionFailure() << "byte " << i << " set to " << value;
    }
  return ::testing::AssertionSuccess();
}

}  // namespace stash::engine::test
