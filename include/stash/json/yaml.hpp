#pragma once

#include <string>

#include "stash/json/value.hpp"

namespace stash::json {

/// A value as one YAML document in block style, members in their order, with a line break at the end. Text is
/// quoted wherever a reader of YAML 1.1 or 1.2 could take it for something else (no, 08, 1e3, 12:30, ~, a: b
/// ...), so every reader gives back exactly this value.
std::string to_yaml(const Value& value);

}  // namespace stash::json
