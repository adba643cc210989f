#pragma once

#include <cstddef>
#include <string>
#include <string_view>

// Names of files and what other programs print are bytes; what is told of them must be UTF-8.

namespace stash {

/// True when the bytes are well-formed UTF-8: names of files need not be.
bool is_utf8(std::string_view text);

/// The text with U+FFFD for what of it is not UTF-8: one for each longest part that could begin a character,
/// as Unicode recommends.
std::string to_utf8(std::string_view text);

/// The text as valid UTF-8 without control characters: other bytes become \xHH.
std::string printable(std::string_view text);

/// The longest beginning of at most `limit` bytes that does not end inside a character.
std::string_view cut_text(std::string_view text, std::size_t limit);

}  // namespace stash
