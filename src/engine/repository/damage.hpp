#pragma once

#include "stash/base/error.hpp"

namespace stash::engine {

/// Whether what is stored is not what was written. Unsupported: a version byte that says so was changed, or
/// is newer than we.
inline bool is_damage(const Error& e) {
  return e.kind() == ErrorKind::Corrupt || e.kind() == ErrorKind::Unsupported;
}

}  // namespace stash::engine
