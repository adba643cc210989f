#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <new>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace stash {

/// Leaves new elements as they are where no value is given: whoever makes a buffer fills it.
template <class T>
struct UninitializedAllocator : std::allocator<T> {
  template <class U>
  struct rebind {
    using other = UninitializedAllocator<U>;
  };
  using std::allocator<T>::allocator;

  template <class U, class... Args>
  void construct(U* at, Args&&... args) {
    if constexpr (sizeof...(Args) == 0)
      ::new (static_cast<void*>(at)) U;
    else
      ::new (static_cast<void*>(at)) U(std::forward<Args>(args)...);
  }
};

using ByteView = std::span<const std::byte>;
/// Bytes(n) and resize(n) do not clear: zeros are asked for by Bytes(n, std::byte{0}).
using Bytes = std::vector<std::byte, UninitializedAllocator<std::byte>>;

inline ByteView as_bytes(std::string_view text) { return std::as_bytes(std::span(text)); }
inline std::string_view as_text(ByteView bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// Copies at once: insert() and iterators would have the allocator construct one byte after the other.
inline void append(Bytes& to, ByteView bytes) {
  if (bytes.empty()) return;
  const std::size_t at = to.size();
  to.resize(at + bytes.size());
  std::memcpy(to.data() + at, bytes.data(), bytes.size());
}
/// Bytes of one's own, of one view or of many one after the other.
Bytes copy_of(ByteView bytes);
Bytes copy_of(std::span<const ByteView> parts);

/// Lower-case hexadecimal, two digits a byte.
std::string to_hex(ByteView bytes);
/// The bytes of an even number of hexadecimal digits (either case), else nothing.
std::optional<Bytes> from_hex(std::string_view hex);

/// RFC 4648 standard alphabet with padding.
std::string to_base64(ByteView bytes);
/// Strict RFC 4648 decoding; line breaks are passed over. Nothing on a foreign character or wrong padding.
std::optional<std::string> from_base64(std::string_view text);

/// "12 B", "1.049 KiB", "2.567 GiB": the shape that Repository.status.totalSize has.
std::string format_size(std::uint64_t bytes);
/// "64MiB", "64M", "1g", "4096": binary units, case ignored; nothing when malformed or over 2^63.
std::optional<std::uint64_t> parse_size(std::string_view text);

}  // namespace stash

// Compiled and optimized once, in bytes.cpp: its allocator makes every copy a loop over bytes.
extern template class std::vector<std::byte, stash::UninitializedAllocator<std::byte>>;
