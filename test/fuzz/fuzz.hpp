#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <exception>

#include "stash/base/bytes.hpp"
#include "stash/base/error.hpp"

namespace stash::fuzz {

inline ByteView view(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const std::byte*>(data), size};
}

/// What has to hold for whatever a decoder accepts.
inline void require(bool holds) {
  if (!holds) std::abort();
}

/// Runs one decoder. An Error is how it refuses; a defect of ours (Internal), any other exception or a crash
/// is a finding.
template <class F>
int decode(F&& fn) {
  try {
    fn();
  } catch (const Error& e) {
    if (e.kind() == ErrorKind::Internal) std::abort();
  }
  return 0;
}

}  // namespace stash::fuzz
