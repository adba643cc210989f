#include "engine/format/lines.hpp"

#include "stash/base/error.hpp"

namespace stash::engine {
namespace {

constexpr std::string_view kBefore = "{\"mac\":\"";
constexpr std::string_view kAfter = "\"}\n";

}  // namespace

std::string join_mac_lines(std::string_view line, const crypto::Digest& mac) {
  return fmt::format("{}\n{}{}{}", line, kBefore, to_hex(mac), kAfter);
}

MacLines split_mac_lines(std::string_view text, std::string_view what) {
  MacLines lines;
  const auto end = text.find('\n');
  if (end != std::string_view::npos) {
    const std::string_view second = text.substr(end + 1);
    if (second.size() == kBefore.size() + 64 + kAfter.size() && second.starts_with(kBefore) &&
        second.ends_with(kAfter)) {
      const std::string_view hex = second.substr(kBefore.size(), 64);
      if (auto mac = from_hex(hex); mac && to_hex(*mac) == hex) {
        lines.line = text.substr(0, end);
        lines.mac = std::move(*mac);
        return lines;
      }
    }
  }
  throw Error(ErrorKind::Corrupt, "{}: damaged: it is not a line of JSON and a MAC", what);
}

}  // namespace stash::engine
