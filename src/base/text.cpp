#include "stash/base/text.hpp"

#include <fmt/format.h>

namespace stash {
namespace {

unsigned byte_at(std::string_view text, std::size_t at) { return static_cast<unsigned char>(text[at]); }

/// What stands at the front of a text: a character, or the longest part that could begin one.
struct Piece {
  std::size_t size;
  bool whole;
};

Piece first_piece(std::string_view text) {
  const unsigned lead = byte_at(text, 0);
  if (lead < 0x80) return {1, true};
  if (lead < 0xC2 || lead > 0xF4) return {1, false};
  const std::size_t size = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  // The second byte is bounded so that no character is spelled in two ways, is a surrogate or lies beyond
  // U+10FFFF.
  unsigned least = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
  unsigned most = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
  std::size_t have = 1;
  while (have < size && have < text.size() && byte_at(text, have) >= least && byte_at(text, have) <= most) {
    least = 0x80;
    most = 0xBF;
    ++have;
  }
  return {have, have == size};
}

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }

bool continues(std::string_view text, std::size_t at) { return (byte_at(text, at) & 0xC0) == 0x80; }

}  // namespace

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const Piece piece = first_piece(text);
    if (!piece.whole) return false;
    text.remove_prefix(piece.size);
  }
  return true;
}

std::string to_utf8(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const Piece piece = first_piece(text);
    out += piece.whole ? text.substr(0, piece.size) : "\xEF\xBF\xBD";
    text.remove_prefix(piece.size);
  }
  return out;
}

std::string printable(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const Piece piece = first_piece(text);
    const std::string_view bytes = text.substr(0, piece.size);
    if (piece.whole && !is_control(text.front())) {
      out += bytes;
    } else {
      for (const char c : bytes) out += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    }
    text.remove_prefix(piece.size);
  }
  return out;
}

std::string_view cut_text(std::string_view text, std::size_t limit) {
  if (text.size() <= limit) return text;
  std::size_t end = limit;
  while (end > 0 && limit - end < 3 && continues(text, end)) --end;
  return text.substr(0, continues(text, end) ? limit : end);
}

}  // namespace stash
