#pragma once

#include "stash/base/error.hpp"

namespace stash::crypto {

/// OpenSSL's calls on valid arguments fail only for want of memory or a missing algorithm: nothing a caller
/// can mend.
inline void require(int result, const char* call) {
  if (result != 1) throw Error(ErrorKind::Internal, "OpenSSL: {} failed", call);
}

}  // namespace stash::crypto
