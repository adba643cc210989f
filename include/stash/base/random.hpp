#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace stash {

/// Where random bytes come from: a seam, so that tests can replay.
class Random {
 public:
  Random() = default;
  Random(const Random&) = delete;
  Random& operator=(const Random&) = delete;
  virtual ~Random() = default;

  virtual void fill(std::span<std::byte> out) = 0;

  std::uint64_t number() {
    std::array<std::byte, 8> raw{};
    fill(raw);
    std::uint64_t value = 0;
    for (const std::byte b : raw) value = value << 8 | std::to_integer<std::uint64_t>(b);
    return value;
  }
};

/// The kernel's generator, getrandom(2): fit for keys and names.
class SystemRandom final : public Random {
 public:
  void fill(std::span<std::byte> out) override;
};

}  // namespace stash
