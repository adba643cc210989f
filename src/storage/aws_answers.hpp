#pragma once

// What the services that hand out temporary credentials answer, as pure functions. No message repeats a body:
// it may hold a key or a token.

#include <optional>
#include <string_view>

#include "stash/base/error.hpp"
#include "stash/base/time.hpp"
#include "stash/storage/s3_credentials.hpp"

namespace stash::storage {

struct TemporaryCredentials {
  S3Credentials credentials;
  std::optional<TimePoint> expires;  ///< nothing: the answer does not say

  TemporaryCredentials() {}
};

/// The answer of STS to AssumeRoleWithWebIdentity. Throws Error(Corrupt) when it is not one.
TemporaryCredentials read_sts_answer(std::string_view xml);

/// STS's answer with a status other than 200 as an error whose text begins with `what`.
Error sts_refusal(int status, std::string_view xml, std::string_view what);

/// The answer of a container's or a machine's endpoint. Throws Error(Corrupt) when it is not one,
/// Error(Denied) when it says that there are no credentials.
TemporaryCredentials read_credentials_json(std::string_view text);

}  // namespace stash::storage
