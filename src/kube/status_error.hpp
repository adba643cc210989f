#pragma once

#include <optional>
#include <string_view>

#include "stash/base/error.hpp"
#include "stash/base/time.hpp"
#include "stash/json/value.hpp"
#include "stash/net/http.hpp"

namespace stash::kube {

/// What an HTTP status of the API server means to a caller.
ErrorKind error_kind(int http_status);

/// The Error for an answer that is not 2xx: "what: " and the words of the Status object in `body`, or the
/// beginning of whatever else a proxy sent.
Error status_error(int http_status, std::string_view body, std::string_view what);

/// The Error for a Status object (of a watch or an exec channel), by its own `code`.
Error status_error(const json::Value& status, std::string_view what);

/// Seconds of a Retry-After header; nothing when absent or not a number (the API server sends no dates).
std::optional<Duration> retry_after(const net::Headers& headers);

}  // namespace stash::kube
