#pragma once

#include <string>

namespace stash::kube {

/// A whole small file. Throws the Error of its errno ("read /path: ..."), or Invalid when it is over `limit`
/// bytes.
std::string read_file(const std::string& path, std::size_t limit = std::size_t{1} << 20);

/// The text without white space at either end.
std::string trimmed(std::string text);

}  // namespace stash::kube
