#include "stash/base/bytes.hpp"

#include <fmt/format.h>

#include <array>
#include <cctype>
#include <charconv>
#include <limits>

template class std::vector<std::byte, stash::UninitializedAllocator<std::byte>>;

namespace stash {

Bytes copy_of(ByteView bytes) { return copy_of(std::span(&bytes, 1)); }

Bytes copy_of(std::span<const ByteView> parts) {
  std::size_t size = 0;
  for (const ByteView part : parts) size += part.size();
  Bytes whole;
  whole.reserve(size);
  for (const ByteView part : parts) append(whole, part);
  return whole;
}

std::string to_hex(ByteView bytes) {
  static constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out;
  out.reserve(bytes.size() * 2);
  for (const std::byte b : bytes) {
    const auto value = std::to_integer<unsigned>(b);
    out += kDigits[value >> 4];
    out += kDigits[value & 15];
  }
  return out;
}

namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

constexpr std::string_view kBase64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

}  // namespace

std::optional<Bytes> from_hex(std::string_view hex) {
  if (hex.size() % 2 != 0) return std::nullopt;
  Bytes out;
  out.reserve(hex.size() / 2);
  for (std::size_t i = 0; i < hex.size(); i += 2) {
    const int high = hex_digit(hex[i]);
    const int low = hex_digit(hex[i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    out.push_back(static_cast<std::byte>(high << 4 | low));
  }
  return out;
}

std::string to_base64(ByteView bytes) {
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const std::size_t left = std::min<std::size_t>(3, bytes.size() - i);
    unsigned word = 0;
    for (std::size_t k = 0; k < 3; ++k)
      word = word << 8 | (k < left ? std::to_integer<unsigned>(bytes[i + k]) : 0u);
    for (std::size_t k = 0; k < 4; ++k) out += k <= left ? kBase64[word >> (18 - 6 * k) & 63] : '=';
  }
  return out;
}

std::optional<std::string> from_base64(std::string_view text) {
  std::string out;
  unsigned word = 0;
  int have = 0;
  int padding = 0;
  for (const char c : text) {
    if (c == '\n' || c == '\r') continue;
    const auto at = kBase64.find(c);
    if (c == '=' ? ++padding > 2 || have < 2 : at == std::string_view::npos || padding > 0)
      return std::nullopt;
    word = word << 6 | (c == '=' ? 0u : static_cast<unsigned>(at));
    if (++have < 4) continue;
    for (int k = 0; k < 3 - padding; ++k) out += static_cast<char>(word >> (16 - 8 * k) & 255);
    have = 0;
    word = 0;
  }
  return have == 0 ? std::optional(out) : std::nullopt;
}

std::string format_size(std::uint64_t bytes) {
  static constexpr std::array kUnits{"KiB", "MiB", "GiB", "TiB"};
  for (int i = 3; i >= 0; --i) {
    const std::uint64_t unit = std::uint64_t{1} << (10 * (i + 1));
    if (bytes > unit)
      return fmt::format("{:.3f} {}", static_cast<double>(bytes) / static_cast<double>(unit),
                         kUnits[static_cast<std::size_t>(i)]);
  }
  return fmt::format("{} B", bytes);
}

std::optional<std::uint64_t> parse_size(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{}) return std::nullopt;
  std::string unit(end, text.data() + text.size());
  for (char& c : unit) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  if (unit.ends_with("ib"))
    unit.resize(unit.size() - 2);
  else if (unit.ends_with("b"))
    unit.resize(unit.size() - 1);
  static constexpr std::string_view kUnits = "kmgtp";
  unsigned shift = 0;
  if (!unit.empty()) {
    const auto at = kUnits.find(unit);
    if (unit.size() != 1 || at == std::string_view::npos) return std::nullopt;
    shift = 10 * (static_cast<unsigned>(at) + 1);
  }
  if (number > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()) >> shift)
    return std::nullopt;
  return number << shift;
}

}  // namespace stash
