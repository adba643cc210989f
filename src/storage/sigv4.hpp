#pragma once

// AWS Signature Version 4 as a pure function.
// Source: "Signature Version 4 signing process", AWS General Reference; checked against AWS's published S3
// examples.

#include <string>

#include "stash/base/secret.hpp"
#include "stash/base/time.hpp"
#include "stash/net/http.hpp"

namespace stash::storage {

struct SigningKey {
  std::string access_key;
  Secret secret_key;
  Secret session_token;
  std::string region;
  std::string service = "s3";

  SigningKey() {}
};

/// Payload hash of a request whose body is not signed.
inline constexpr std::string_view kUnsignedPayload = "UNSIGNED-PAYLOAD";

/// Adds x-amz-date, x-amz-content-sha256, x-amz-security-token (when there is a token) and Authorization to
/// `request`. `host` is the Host header's value; the target's path must be encoded already and its query
/// parameters encoded and sorted by name. `payload_hash` is the hexadecimal SHA-256 of the body, or
/// kUnsignedPayload.
void sign(net::Request& request, const SigningKey& key, std::string_view host, std::string_view payload_hash,
          TimePoint now);

}  // namespace stash::storage
