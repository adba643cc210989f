#include <cstdlib>

#include "stash/storage/s3_credentials.hpp"

namespace stash::storage {
namespace {

constexpr const char* kContainerHost = "http://169.254.170.2";
constexpr const char* kMetadataHost = "http://169.254.169.254";

}  // namespace

std::string_view S3Credentials::missing_half() const {
  if (access_key.empty() == secret_key.empty()) return "";
  return access_key.empty() ? "AWS_ACCESS_KEY_ID" : "AWS_SECRET_ACCESS_KEY";
}

AmbientCredentials ambient_credentials(const std::function<std::string(const char*)>& variable) {
  const auto either = [&](const char* name, const std::string& otherwise) {
    const std::string value = variable(name);
    return value.empty() ? otherwise : value;
  };
  AmbientCredentials found;
  found.role_arn = variable("AWS_ROLE_ARN");
  found.web_identity_token_file = variable("AWS_WEB_IDENTITY_TOKEN_FILE");
  found.role_session_name = variable("AWS_ROLE_SESSION_NAME");
  found.sts_endpoint = variable("AWS_ENDPOINT_URL_STS");
  found.sts_region = either("AWS_REGION", variable("AWS_DEFAULT_REGION"));
  const std::string relative = variable("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
  found.container_uri =
      relative.empty() ? variable("AWS_CONTAINER_CREDENTIALS_FULL_URI") : kContainerHost + relative;
  found.container_token_file = variable("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
  found.container_token = Secret(variable("AWS_CONTAINER_AUTHORIZATION_TOKEN"));
  if (variable("AWS_EC2_METADATA_DISABLED") != "true")
    found.metadata_endpoint = either("AWS_EC2_METADATA_SERVICE_ENDPOINT", kMetadataHost);
  return found;
}

AmbientCredentials ambient_credentials() {
  return ambient_credentials([](const char* name) {
    const char* value = std::getenv(name);
    return std::string(value ? value : "");
  });
}

}  // namespace stash::storage
