#pragma once

#include <cstdint>
#include <string_view>

namespace stash::api {

/// FNV-1a, 64 bits: tells apart what nobody forges, the same on every machine and in every version.
constexpr std::uint64_t fnv1a(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325u;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
  return hash;
}

}  // namespace stash::api
