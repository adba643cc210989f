#pragma once

#include <string>

#include "stash/metrics/registry.hpp"
#include "stash/net/http.hpp"
#include "stash/net/task.hpp"

namespace stash::net {

/// The target of a push: <path of base>/metrics/job/<job>/<label>/<value>... A value that a path cannot carry
/// (empty or with '/') goes as <label>@base64/<URL-safe base64>, as the Pushgateway reads it.
std::string push_target(const Url& base, const std::string& job, const metrics::Labels& grouping);

/// Adds `text` (metrics exposition format) to the group on the Pushgateway at `base`: POST, so that metrics
/// of other names in the group stay. Throws Error(Unavailable) when it does not answer within `limit` or
/// fails, Error(Invalid) when it refuses the text.
Task<void> push_metrics(Url base, std::string job, metrics::Labels grouping, std::string text,
                        Duration limit = std::chrono::seconds(10));

}  // namespace stash::net
