#pragma once

#include <string_view>

namespace stash::storage {

/// Throws Error(Invalid) unless `name` is one that Store allows.
void check_name(std::string_view name);

}  // namespace stash::storage
