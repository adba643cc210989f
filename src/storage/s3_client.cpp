#include "storage/s3_client.hpp"

#include <algorithm>
#include <charconv>

#include "stash/crypto/digest.hpp"
#include "storage/credential_source.hpp"
#include "storage/s3_region.hpp"

namespace stash::storage {
namespace {

/// Largest object this program ever asks for in one piece; a longer answer is not believed.
constexpr std::uint64_t kMaxObject = (std::uint64_t{1} << 30) + (std::uint64_t{1} << 20);
constexpr std::uint64_t kMaxText = std::uint64_t{16} << 20;

std::string payload_sha256(const std::vector<ByteView>& parts) {
  crypto::Sha256 hash;
  for (const ByteView part : parts) hash.update(part);
  const crypto::Digest digest = hash.finish();
  return to_hex(digest);
}

/// "bytes=..." for a Range; empty for the whole object.
std::string range_header(const Range& range) {
  if (range.from_end) return fmt::format("bytes=-{}", range.length);
  if (range.length == UINT64_MAX) return range.offset == 0 ? "" : fmt::format("bytes={}-", range.offset);
  return fmt::format("bytes={}-{}", range.offset, range.offset + range.length - 1);
}

bool has_content(int status) { return status == 200 || status == 206; }

net::Url request_origin(const S3Config& config, const std::string& region) {
  net::Url url = config.endpoint;
  url.host = host_in_region(url.host, region);
  if (!config.path_style) url.host = config.bucket + "." + url.host;
  return url;
}

net::ClientOptions client_options(const S3Config& config) {
  net::ClientOptions options;
  options.tls = config.tls;
  options.max_connections = config.max_connections;
  return options;
}

S3Config checked(S3Config config) {
  if (config.bucket.empty())
    throw Error(ErrorKind::Invalid, "the S3 address {} names no bucket", config.endpoint.origin());
  const std::string_view missing = config.credentials.missing_half();
  if (!missing.empty() || (config.credentials.empty() && config.ambient.none()))
    throw Error(ErrorKind::Invalid,
                "no credentials for s3:{}/{}: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are needed",
                config.endpoint.origin(), config.bucket);
  return config;
}

}  // namespace

std::optional<std::uint64_t> content_length(const net::Headers& headers) {
  const std::string_view text = net::header(headers, "content-length");
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc{} && !text.empty() ? std::optional(value) : std::nullopt;
}

std::string percent_decode(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = text[i] == '%' && i + 2 < text.size() ? from_hex(text.substr(i + 1, 2)) : std::nullopt;
    if (byte) {
      out += static_cast<char>((*byte)[0]);
      i += 2;
    } else {
      out += text[i] == '+' ? ' ' : text[i];
    }
  }
  return out;
}

S3Client::S3Client(S3Config c, const Clock& k)
    : config(checked(std::move(c))),
      clock(k),
      region_(config.region.empty() ? "us-east-1" : config.region),
      client_(std::make_shared<net::HttpClient>(request_origin(config, region_), client_options(config))),
      credentials_(
          config.credentials, [this] { return fetch_credentials(config); }, clock) {
  address = fmt::format("s3:{}/{}{}{}", config.endpoint.origin(), config.bucket,
                        config.prefix.empty() ? "" : "/", config.prefix);
}

std::string S3Client::what(std::string_view verb, std::string_view name) const {
  return fmt::format("{} {}/{}", verb, address, name);
}

std::string S3Client::path(std::string_view name) const {
  std::string out = config.path_style ? "/" + net::percent_encode(config.bucket) : "";
  if (name.empty()) return out.empty() ? "/" : out;
  if (!config.prefix.empty()) out += "/" + net::percent_encode(config.prefix, true);
  return out + "/" + net::percent_encode(name, true);
}

std::string S3Client::key_prefix() const { return config.prefix.empty() ? "" : config.prefix + "/"; }

net::Request S3Client::signed_request(net::Request request, const std::vector<ByteView>& body,
                                      const Session& session) const {
  const std::string hash =
      encrypted() && !body.empty() ? std::string(kUnsignedPayload) : payload_sha256(body);
  sign(request, session.key, session.client->origin().authority(), hash, clock.now());
  request.body = body;
  return request;
}

Task<S3Client::Session> S3Client::session() {
  S3Credentials pair = co_await credentials_.get();
  Session session;
  session.client = client_;
  session.key.access_key = std::move(pair.access_key);
  session.key.secret_key = std::move(pair.secret_key);
  session.key.session_token = std::move(pair.session_token);
  session.key.region = region_;
  co_return session;
}

Task<net::Response> S3Client::send(net::Request plain, std::vector<ByteView> body) {
  Ask ask = [&](const Session& with) { return with.client->send(signed_request(plain, body, with)); };
  co_return co_await answer_to(std::move(ask));
}

Task<net::Response> S3Client::head(std::string target) {
  const net::Request request("HEAD", std::move(target));
  const std::vector<ByteView> no_body;
  net::Response response = co_await send(request, no_body);
  if (response.status != 400 && response.status != 301) co_return response;
  // What was asked has no body that could tell a region or an expired token.
  net::Request bucket("GET", path("") + "?list-type=2&max-keys=0");
  net::Response reason = co_await send(std::move(bucket), no_body);
  if (reason.status == response.status) co_return reason;
  co_return co_await send(request, no_body);
}

Task<net::Response> S3Client::answer_to(Ask ask) {
  bool moved = false;
  bool renewed = false;
  for (;;) {
    const Session with = co_await session();
    net::Response response = co_await ask(with);
    if (response.status < 300) co_return response;
    const S3Fault fault = read_fault(response.status, response.headers, response.body);
    if (!moved && learn_region(fault, with.key.region))
      moved = true;
    else if (!renewed && fault.code == "ExpiredToken" && credentials_.refused(with.key.access_key))
      renewed = true;
    else
      co_return response;
  }
}

bool S3Client::learn_region(const S3Fault& fault, const std::string& asked) {
  const std::string region = region_taught_by(fault, asked);
  if (region.empty()) return false;
  region_ = region;
  const net::Url url = request_origin(config, region_);
  if (url != origin()) client_ = std::make_shared<net::HttpClient>(url, client_options(config));
  return true;
}

Task<Bytes> S3Client::fetch(std::string target, Range range, std::string doing) {
  if (range.length == 0) co_return Bytes();
  net::Request request("GET", std::move(target));
  const std::string wanted = range_header(range);
  if (!wanted.empty()) request.headers.emplace_back("Range", wanted);
  const std::uint64_t limit = std::min(kMaxObject, range.length);
  const std::vector<ByteView> no_body;
  Bytes content;
  Ask ask = [&](const Session& with) {
    return open_and_read(with.client, signed_request(request, no_body, with), limit, doing, content);
  };
  const net::Response response = co_await answer_to(std::move(ask));
  if (response.status == 416) co_return Bytes();  // begins at or after the end
  if (!has_content(response.status)) fail(response, doing);
  co_return content;
}

Task<net::Response> S3Client::open_and_read(std::shared_ptr<net::HttpClient> client, net::Request request,
                                            std::uint64_t limit, std::string doing, Bytes& content) {
  const auto stream = co_await client->open(std::move(request));
  net::Response response;
  response.status = stream->status();
  response.headers = stream->headers();
  if (!has_content(response.status)) limit = kMaxText;
  // Only bytes prove that an answer is too long: a broken service announces more than it sends.
  const auto announced = content_length(response.headers);
  Bytes body(std::min(announced.value_or(0), limit + 1));
  std::size_t done = 0;
  for (;;) {
    if (done > limit) throw Error(ErrorKind::Corrupt, "{}: the answer is longer than {} bytes", doing, limit);
    if (done == body.size()) {
      if (announced && done > 0) break;
      body.resize(std::min(done + (std::uint64_t{64} << 10), limit + 1));
    }
    const std::size_t got = co_await stream->read(std::span(body).subspan(done));
    if (got == 0) break;
    done += got;
  }
  body.resize(done);
  if (announced && done != *announced)
    throw Error(ErrorKind::Unavailable, "{}: {} of {} bytes arrived", doing, done, *announced);
  if (has_content(response.status))
    content = std::move(body);
  else
    response.body = as_text(body);
  co_return response;
}

Task<std::string> S3Client::protection_of(std::string name) {
  const net::Response response = co_await head(path(name));
  co_return response.status == 200 ? describe_lock(response.headers) : "";
}

void S3Client::fail(const net::Response& response, std::string_view doing) {
  throw to_error(read_fault(response.status, response.headers, response.body), doing);
}

}  // namespace stash::storage
