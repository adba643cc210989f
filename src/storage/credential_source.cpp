#include "storage/credential_source.hpp"

#include <algorithm>
#include <array>

#include "storage/local_files.hpp"
#include "storage/s3_region.hpp"

namespace stash::storage {
namespace {

constexpr std::size_t kMaxAnswer = std::size_t{64} << 10;
constexpr std::uint64_t kMaxToken = std::uint64_t{64} << 10;
constexpr Duration kStsLimit = std::chrono::seconds(30);
constexpr Duration kContainerLimit = std::chrono::seconds(10);
/// Outside AWS nobody answers: every command without keys waits for as long.
constexpr Duration kMetadataLimit = std::chrono::seconds(2);

net::ClientOptions options_within(Duration limit) {
  net::ClientOptions options;
  options.connect_timeout = limit;
  options.response_timeout = limit;
  options.idle_timeout = limit;
  options.body_limit = kMaxAnswer;
  return options;
}

Secret read_token(const std::string& path) {
  const Bytes bytes = read_file(path, Range(0, kMaxToken + 1));
  std::string text(as_text(bytes));
  text.resize(text.find_last_not_of(" \r\n") + 1);  // npos + 1 is 0: nothing is left
  if (text.empty() || bytes.size() > kMaxToken) throw Error(ErrorKind::Invalid, "{} holds no token", path);
  return Secret(std::move(text));
}

net::Url sts_url(const S3Config& config) {
  const AmbientCredentials& ambient = config.ambient;
  if (!ambient.sts_endpoint.empty()) return net::Url::parse(ambient.sts_endpoint);
  const std::string& region = ambient.sts_region.empty() ? config.region : ambient.sts_region;
  return net::Url::parse("https://" + aws_host("sts", region.empty() ? "us-east-1" : region));
}

Secret assume_role_form(const AmbientCredentials& ambient, const Secret& token) {
  const std::string session = ambient.role_session_name.empty() ? "stash" : ambient.role_session_name;
  return Secret(
      fmt::format("Action=AssumeRoleWithWebIdentity&RoleArn={}&RoleSessionName={}&Version=2011-06-15"
                  "&WebIdentityToken={}",
                  net::percent_encode(ambient.role_arn), net::percent_encode(session),
                  net::percent_encode(token.reveal())));
}

/// POST / HTTP/1.1
/// Action=AssumeRoleWithWebIdentity&RoleArn={arn}&RoleSessionName={name}&Version=2011-06-15&WebIdentityToken={}
Task<TemporaryCredentials> assume_role(const S3Config& config) {
  const Secret form = assume_role_form(config.ambient, read_token(config.ambient.web_identity_token_file));
  const net::Url url = sts_url(config);
  net::ClientOptions options = options_within(kStsLimit);
  // What is trusted of the bucket's host is so of no other.
  if (url.host == config.endpoint.host) options.tls = config.tls;
  net::HttpClient client(url, std::move(options));
  net::Request request("POST", url.path);
  request.headers.emplace_back("Content-Type", "application/x-www-form-urlencoded");
  request.body.push_back(as_bytes(form.reveal()));
  const net::Response response = co_await client.send(std::move(request));
  const std::string what = fmt::format("assume the role {} at {}", config.ambient.role_arn, url.origin());
  if (response.status != 200) throw sts_refusal(response.status, response.body, what);
  co_return doing(what, [&] { return read_sts_answer(response.body); });
}

Task<std::string> ask(net::HttpClient& client, net::Request request) {
  const std::string what = request.method + " " + client.origin().origin();
  net::Response response = co_await client.send(std::move(request));
  if (response.status == 200) co_return std::move(response.body);
  const bool passing = response.status >= 500 || response.status == 429;
  throw Error(passing ? ErrorKind::Unavailable : ErrorKind::Denied, "{}: HTTP status {}", what,
              response.status);
}

/// Without TLS only addresses that no packet leaves the node for may be told the token.
net::Url checked_container_url(const std::string& uri) {
  static constexpr std::array<std::string_view, 6> kNear{"169.254.170.2", "169.254.170.23", "fd00:ec2::23",
                                                         "127.0.0.1",     "localhost",      "::1"};
  net::Url url = net::Url::parse(uri);
  if (url.scheme != "https" && std::ranges::find(kNear, url.host) == kNear.end())
    throw Error(ErrorKind::Invalid,
                "AWS_CONTAINER_CREDENTIALS_FULL_URI: http goes to this node only, and {} is none of its "
                "addresses",
                url.host);
  return url;
}

/// GET {path} HTTP/1.1
/// Authorization: {token}
Task<TemporaryCredentials> ask_container(const AmbientCredentials& ambient) {
  const net::Url url = checked_container_url(ambient.container_uri);
  const Secret token = ambient.container_token_file.empty() ? ambient.container_token
                                                            : read_token(ambient.container_token_file);
  net::HttpClient client(url, options_within(kContainerLimit));
  net::Request request("GET", url.path);
  if (!token.empty()) request.headers.emplace_back("Authorization", std::string(token.reveal()));
  const std::string answer = co_await ask(client, std::move(request));
  co_return doing("GET " + url.origin(), [&] { return read_credentials_json(answer); });
}

/// PUT /latest/api/token HTTP/1.1
/// X-aws-ec2-metadata-token-ttl-seconds: 300
Task<std::string> metadata_token(net::HttpClient& client) {
  net::Request request("PUT", "/latest/api/token");
  request.headers.emplace_back("X-aws-ec2-metadata-token-ttl-seconds", "300");
  try {
    co_return co_await ask(client, std::move(request));
  } catch (const Error& e) {
    if (e.kind() == ErrorKind::Cancelled) throw;
    throw Error(
        ErrorKind::Invalid,
        "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not given, and no role of a service account, "
        "a container or this machine stands in for them ({})",
        e.what());
  }
}

/// GET /latest/meta-data/iam/security-credentials/{role} HTTP/1.1
/// X-aws-ec2-metadata-token: {token}
Task<std::string> ask_metadata(net::HttpClient& client, std::string role, std::string token) {
  net::Request request("GET", "/latest/meta-data/iam/security-credentials/" + net::percent_encode(role));
  request.headers.emplace_back("X-aws-ec2-metadata-token", std::move(token));
  co_return co_await ask(client, std::move(request));
}

Task<TemporaryCredentials> ask_machine(std::string endpoint) {
  const net::Url url = net::Url::parse(endpoint);
  net::HttpClient client(url, options_within(kMetadataLimit));
  const std::string token = co_await metadata_token(client);
  std::string role = co_await ask_metadata(client, "", token);
  role.resize(std::min(role.find_first_of("\r\n"), role.size()));
  const std::string answer = co_await ask_metadata(client, role, token);
  co_return doing("the role " + role + " of this machine", [&] { return read_credentials_json(answer); });
}

Task<TemporaryCredentials> ask_first(const S3Config& config) {
  if (config.ambient.has_web_identity()) return assume_role(config);
  if (!config.ambient.container_uri.empty()) return ask_container(config.ambient);
  return ask_machine(config.ambient.metadata_endpoint);
}

}  // namespace

Task<TemporaryCredentials> fetch_credentials(const S3Config& config) {
  try {
    co_return co_await ask_first(config);
  } catch (const Error& e) {
    if (e.kind() == ErrorKind::Cancelled) throw;
    // That something is not found must be said of objects only.
    const ErrorKind kind = e.kind() == ErrorKind::NotFound ? ErrorKind::Invalid : e.kind();
    throw Error(kind, "credentials for s3:{}/{}: {}", config.endpoint.origin(), config.bucket, e.what());
  }
}

}  // namespace stash::storage
