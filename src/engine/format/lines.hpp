#pragma once

#include <string>
#include <string_view>

#include "stash/base/bytes.hpp"
#include "stash/crypto/digest.hpp"

namespace stash::engine {

/// The plain objects (config, key slots) are two lines: a JSON text, and {"mac":"<64 hex>"} over its bytes.
struct MacLines {
  std::string line;
  Bytes mac;
};

std::string join_mac_lines(std::string_view line, const crypto::Digest& mac);
/// Error(Corrupt) that names `what` when the text does not have this shape.
MacLines split_mac_lines(std::string_view text, std::string_view what);

}  // namespace stash::engine
