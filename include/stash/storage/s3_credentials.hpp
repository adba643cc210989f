#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "stash/base/secret.hpp"

namespace stash::storage {

struct S3Credentials {
  std::string access_key;
  Secret secret_key;
  Secret session_token;  ///< of temporary credentials; may be empty

  S3Credentials() {}
  bool empty() const { return access_key.empty() && secret_key.empty(); }
  /// AWS_ACCESS_KEY_ID or AWS_SECRET_ACCESS_KEY, whichever is missing beside the other; else "".
  std::string_view missing_half() const;
};

/// What may stand in for a key pair that nobody gave: the first of a role assumed by web identity, the
/// endpoint of a container and the metadata of a machine that is there. Members are empty where it is not.
/// Source: "Standardized credential providers", AWS SDKs and Tools Reference Guide.
struct AmbientCredentials {
  std::string role_arn;                 ///< AWS_ROLE_ARN
  std::string web_identity_token_file;  ///< AWS_WEB_IDENTITY_TOKEN_FILE
  std::string role_session_name;        ///< AWS_ROLE_SESSION_NAME
  std::string sts_endpoint;             ///< AWS_ENDPOINT_URL_STS
  std::string sts_region;               ///< AWS_REGION or AWS_DEFAULT_REGION
  std::string container_uri;            ///< AWS_CONTAINER_CREDENTIALS_RELATIVE_URI or _FULL_URI, absolute
  std::string container_token_file;     ///< AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE
  Secret container_token;               ///< AWS_CONTAINER_AUTHORIZATION_TOKEN
  std::string metadata_endpoint;        ///< AWS_EC2_METADATA_SERVICE_ENDPOINT or its usual address

  AmbientCredentials() {}
  bool has_web_identity() const { return !role_arn.empty() && !web_identity_token_file.empty(); }
  bool none() const { return !has_web_identity() && container_uri.empty() && metadata_endpoint.empty(); }
};

/// Reads them from environment variables; `variable` gives "" for one that is not set.
AmbientCredentials ambient_credentials(const std::function<std::string(const char*)>& variable);
/// The same from the environment of this process.
AmbientCredentials ambient_credentials();

}  // namespace stash::storage
