#pragma once

#include <string_view>

namespace stash::engine {

/// True when the bytes are well-formed UTF-8: names of files need not be.
bool is_utf8(std::string_view text);

}  // namespace stash::engine
