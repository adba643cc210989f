#include "storage/s3_region.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace stash::storage {
namespace {

constexpr std::string_view kGlobalHost = "s3.amazonaws.com";
constexpr std::string_view kGlobalRegion = "us-east-1";

/// Only such a name may become part of a host: an answer must not choose where requests go.
bool is_aws_region(std::string_view text) {
  static constexpr std::string_view kAllowed = "abcdefghijklmnopqrstuvwxyz0123456789-";
  return text.size() <= 32 && std::ranges::count(text, '-') >= 2 &&
         text.find_first_not_of(kAllowed) == text.npos;
}

}  // namespace

std::string aws_host(std::string_view service, std::string_view region) {
  return fmt::format("{}.{}.amazonaws.com{}", service, region, region.starts_with("cn-") ? ".cn" : "");
}

std::string host_in_region(const std::string& host, std::string_view region) {
  if (host != kGlobalHost || region == kGlobalRegion || !is_aws_region(region)) return host;
  return aws_host("s3", region);
}

std::string_view region_of_host(std::string_view host) {
  const auto domain = host.rfind(".amazonaws.com");
  if (domain == host.npos) return "";
  host = host.substr(0, domain);
  std::string_view label = host.substr(host.rfind('.') + 1);  // npos + 1 is 0: the only label
  if (label.starts_with("s3-")) label.remove_prefix(3);
  return is_aws_region(label) ? label : "";
}

std::string_view region_of_constraint(std::string_view message) {
  constexpr std::string_view kBegin = "The ";
  const auto end = message.find(" location constraint is incompatible");
  if (!message.starts_with(kBegin) || end == message.npos) return "";
  const std::string_view region = message.substr(kBegin.size(), end - kBegin.size());
  return is_aws_region(region) ? region : "";
}

}  // namespace stash::storage
