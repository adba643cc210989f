#include "stash/net/pushgateway.hpp"

#include <algorithm>

#include "stash/base/error.hpp"

namespace stash::net {
namespace {

std::string url_base64(std::string_view text) {
  if (text.empty()) return "=";  // an empty path segment would be lost
  std::string out = to_base64(as_bytes(text));
  std::ranges::replace(out, '+', '-');
  std::ranges::replace(out, '/', '_');
  return out;
}

std::string segment(const std::string& label, const std::string& value) {
  const bool plain = !value.empty() && value.find('/') == std::string::npos && value != "." && value != "..";
  return plain ? "/" + label + "/" + percent_encode(value) : "/" + label + "@base64/" + url_base64(value);
}

Task<Response> push(Url base, Request request) {
  ClientOptions options;
  options.body_limit = 64 << 10;
  HttpClient client(std::move(base), std::move(options));
  co_return co_await client.send(std::move(request));
}

}  // namespace

std::string push_target(const Url& base, const std::string& job, const metrics::Labels& grouping) {
  std::string prefix = base.path;
  while (prefix.ends_with('/')) prefix.pop_back();
  std::string target = prefix + "/metrics" + segment("job", job);
  for (const auto& [label, value] : grouping) target += segment(label, value);
  return target;
}

Task<void> push_metrics(Url base, std::string job, metrics::Labels grouping, std::string text,
                        Duration limit) {
  Request request("POST", push_target(base, job, grouping));
  request.headers.emplace_back("Content-Type", std::string(metrics::kTextFormat));
  request.body.push_back(as_bytes(text));
  const std::string what = "push metrics to " + base.origin();
  const auto answer = co_await within(limit, what, push(base, std::move(request)));
  if (answer.status / 100 == 2) co_return;
  const auto kind =
      answer.status >= 500 || answer.status == 429 ? ErrorKind::Unavailable : ErrorKind::Invalid;
  throw Error(kind, "{}: status {}: {}", what, answer.status, answer.body.substr(0, 500));
}

}  // namespace stash::net
