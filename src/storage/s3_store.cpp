#include "stash/storage/s3_store.hpp"

#include <charconv>

#include "stash/crypto/digest.hpp"
#include "storage/crc32c.hpp"
#include "storage/names.hpp"
#include "storage/s3_error.hpp"
#include "storage/sigv4.hpp"
#include "storage/xml.hpp"

namespace stash::storage {
namespace {

/// Largest object this program ever asks for in one piece; a longer answer is not believed.
constexpr std::uint64_t kMaxObject = (std::uint64_t{1} << 30) + (std::uint64_t{1} << 20);
constexpr std::uint64_t kMaxText = std::uint64_t{16} << 20;

std::string number_base64(std::uint32_t value) {
  const std::array<std::byte, 4> bytes{std::byte(value >> 24), std::byte(value >> 16 & 255),
                                       std::byte(value >> 8 & 255), std::byte(value & 255)};
  return to_base64(bytes);
}

std::string payload_sha256(const std::vector<ByteView>& parts) {
  crypto::Sha256 hash;
  for (const ByteView part : parts) hash.update(part);
  const crypto::Digest digest = hash.finish();
  return to_hex(digest);
}

std::optional<std::uint64_t> content_length(const net::Headers& headers) {
  const std::string_view text = net::header(headers, "content-length");
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc{} && !text.empty() ? std::optional(value) : std::nullopt;
}

/// "bytes=..." for a Range; empty for the whole object.
std::string range_header(const Range& range) {
  if (range.from_end) return fmt::format("bytes=-{}", range.length);
  if (range.length == UINT64_MAX) return range.offset == 0 ? "" : fmt::format("bytes={}-", range.offset);
  return fmt::format("bytes={}-{}", range.offset, range.offset + range.length - 1);
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

}  // namespace

struct S3Store::Impl {
  Impl(S3Config c, const Clock& k)
      : config(std::move(c)), clock(k), client(request_origin(config), client_options(config)) {
    key.access_key = config.credentials.access_key;
    key.secret_key = config.credentials.secret_key;
    key.session_token = config.credentials.session_token;
    key.region = config.region.empty() ? "us-east-1" : config.region;
  }

  static net::Url request_origin(const S3Config& config) {
    net::Url url = config.endpoint;
    if (!config.path_style) url.host = config.bucket + "." + url.host;
    return url;
  }

  static net::ClientOptions client_options(const S3Config& config) {
    net::ClientOptions options;
    options.tls = config.tls;
    options.max_connections = config.max_connections;
    return options;
  }

  std::string what(std::string_view verb, std::string_view name) const {
    return fmt::format("{} {}/{}", verb, address, name);
  }

  /// Encoded path of an object, or of the bucket when `name` is empty.
  std::string path(std::string_view name) const {
    std::string out = config.path_style ? "/" + net::percent_encode(config.bucket) : "";
    if (name.empty()) return out.empty() ? "/" : out;
    if (!config.prefix.empty()) out += "/" + net::percent_encode(config.prefix, true);
    return out + "/" + net::percent_encode(name, true);
  }

  bool encrypted() const { return config.endpoint.scheme == "https"; }

  net::Request signed_request(net::Request request, const std::vector<ByteView>& body) const {
    const std::string hash =
        encrypted() && !body.empty() ? std::string(kUnsignedPayload) : payload_sha256(body);
    sign(request, key, client.origin().authority(), hash, clock.now());
    request.body = body;
    return request;
  }

  /// Sends once; when the answer names another region for this bucket, once more with that.
  Task<net::Response> send(net::Request plain, std::vector<ByteView> body) {
    net::Response response = co_await client.send(signed_request(plain, body));
    if (learn_region(response)) response = co_await client.send(signed_request(std::move(plain), body));
    co_return response;
  }

  bool learn_region(const net::Response& response) {
    if (response.status != 400 && response.status != 301) return false;
    const S3Fault fault = read_fault(response.status, response.headers, response.body);
    const bool about_region =
        fault.code == "AuthorizationHeaderMalformed" || fault.code == "IllegalLocationConstraintException";
    if (!about_region || fault.region.empty() || fault.region == key.region) return false;
    key.region = fault.region;
    return true;
  }

  [[noreturn]] static void fail(const net::Response& response, std::string_view doing) {
    throw to_error(read_fault(response.status, response.headers, response.body), doing);
  }

  S3Config config;
  const Clock& clock;
  net::HttpClient client;
  SigningKey key;
  std::string address;
  bool conditional_puts = true;
};

S3Store::S3Store(S3Config config, const Clock& clock) {
  if (config.bucket.empty())
    throw Error(ErrorKind::Invalid, "the S3 address {} names no bucket", config.endpoint.origin());
  if (config.credentials.access_key.empty() || config.credentials.secret_key.empty())
    throw Error(ErrorKind::Invalid,
                "no credentials for s3:{}/{}: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are needed",
                config.endpoint.origin(), config.bucket);
  impl_ = std::make_unique<Impl>(std::move(config), clock);
  const S3Config& c = impl_->config;
  impl_->address =
      fmt::format("s3:{}/{}{}{}", c.endpoint.origin(), c.bucket, c.prefix.empty() ? "" : "/", c.prefix);
}

S3Store::~S3Store() = default;

std::string S3Store::describe() const { return impl_->address; }

/// PUT /{bucket}/{prefix}/{name} HTTP/1.1
/// If-None-Match: *
/// x-amz-checksum-crc32c: {base64}
Task<void> S3Store::put(std::string name, std::vector<ByteView> parts) {
  check_name(name);
  net::Request request("PUT", impl_->path(name));
  request.headers.emplace_back("x-amz-checksum-crc32c", number_base64(crc32c(parts)));
  if (impl_->conditional_puts) request.headers.emplace_back("If-None-Match", "*");
  net::Response response = co_await impl_->send(request, parts);
  if (response.status == 501 && impl_->conditional_puts) {
    impl_->conditional_puts = false;  // names are random: the condition only guards against our own mistakes
    request.headers.pop_back();
    response = co_await impl_->send(std::move(request), parts);
  }
  if (response.status / 100 != 2) Impl::fail(response, impl_->what("put", name));
  // Some services answer 200 and tell the failure in the body.
  if (response.body.find("<Error>") != std::string::npos) {
    response.status = 500;
    Impl::fail(response, impl_->what("put", name));
  }
}

/// GET /{bucket}/{prefix}/{name} HTTP/1.1
/// Range: bytes=a-b
Task<Bytes> S3Store::get(std::string name, Range range) {
  check_name(name);
  if (range.length == 0) co_return Bytes();
  net::Request request("GET", impl_->path(name));
  const std::string wanted = range_header(range);
  if (!wanted.empty()) request.headers.emplace_back("Range", wanted);
  const std::string doing = impl_->what("get", name);
  const std::vector<ByteView> no_body;
  const auto stream = co_await impl_->client.open(impl_->signed_request(request, no_body));
  const bool good = stream->status() == 200 || stream->status() == 206;
  const std::uint64_t limit = good ? kMaxObject : kMaxText;
  const auto announced = content_length(stream->headers());
  if (announced && *announced > limit)
    throw Error(ErrorKind::Corrupt, "{}: an answer of {} bytes was not asked for", doing, *announced);
  Bytes body(announced.value_or(0));
  std::size_t done = 0;
  for (;;) {
    if (done == body.size()) {
      if (announced && done > 0) break;
      if (done >= limit) throw Error(ErrorKind::Corrupt, "{}: the answer is too long", doing);
      body.resize(done + (std::size_t{64} << 10));
    }
    const std::size_t got = co_await stream->read(std::span(body).subspan(done));
    if (got == 0) break;
    done += got;
  }
  body.resize(done);
  if (announced && done != *announced)
    throw Error(ErrorKind::Unavailable, "{}: {} of {} bytes arrived", doing, done, *announced);
  if (stream->status() == 416) co_return Bytes();  // begins at or after the end
  if (!good) throw to_error(read_fault(stream->status(), stream->headers(), as_text(body)), doing);
  if (!range.from_end && range.length != UINT64_MAX && body.size() > range.length)
    throw Error(ErrorKind::Corrupt, "{}: {} bytes came, {} were asked for", doing, body.size(), range.length);
  co_return body;
}

Task<std::optional<std::uint64_t>> S3Store::size(std::string name) {
  check_name(name);
  net::Request request("HEAD", impl_->path(name));
  std::vector<ByteView> no_body;
  const net::Response response = co_await impl_->send(std::move(request), std::move(no_body));
  if (response.status == 404) co_return std::nullopt;
  const auto length = content_length(response.headers);
  if (response.status != 200 || !length) Impl::fail(response, impl_->what("look at", name));
  co_return length;
}

/// GET /{bucket}?encoding-type=url&list-type=2&max-keys=1000&prefix={prefix}&start-after={token} HTTP/1.1
Task<ListPage> S3Store::list(std::string prefix, std::string token) {
  const std::string base = impl_->config.prefix.empty() ? "" : impl_->config.prefix + "/";
  std::string query =
      "?encoding-type=url&list-type=2&max-keys=1000&prefix=" + net::percent_encode(base + prefix);
  if (!token.empty()) query += "&start-after=" + net::percent_encode(base + token);
  net::Request request("GET", impl_->path("") + query);
  std::vector<ByteView> no_body;
  const net::Response response = co_await impl_->send(std::move(request), std::move(no_body));
  const std::string doing = impl_->what("list", prefix);
  if (response.status != 200) Impl::fail(response, doing);
  const XmlElement root = parse_xml(response.body);
  if (root.name == "Error") throw to_error(read_fault(500, response.headers, response.body), doing);
  if (root.name != "ListBucketResult")
    throw Error(ErrorKind::Corrupt, "{}: the answer is no list of objects", doing);
  ListPage page;
  for (const XmlElement& child : root.children) {
    if (child.name != "Contents") continue;
    const std::string key = percent_decode(child.child_text("Key"));
    const std::string_view size_text = child.child_text("Size");
    std::uint64_t size = 0;
    const auto parsed = std::from_chars(size_text.data(), size_text.data() + size_text.size(), size);
    if (!key.starts_with(base) || parsed.ec != std::errc{})
      throw Error(ErrorKind::Corrupt, "{}: the answer names \"{}\", which was not asked for", doing, key);
    page.objects.push_back({key.substr(base.size()), size});
  }
  if (root.child_text("IsTruncated") != "true") co_return page;
  if (page.objects.empty() || page.objects.back().name <= token)
    throw Error(ErrorKind::Corrupt, "{}: the answer says that there is more and does not go on", doing);
  page.next = page.objects.back().name;
  co_return page;
}

Task<void> S3Store::remove(std::string name) {
  check_name(name);
  net::Request request("DELETE", impl_->path(name));
  std::vector<ByteView> no_body;
  const net::Response response = co_await impl_->send(std::move(request), std::move(no_body));
  if (response.status / 100 != 2 && response.status != 404) Impl::fail(response, impl_->what("remove", name));
}

Task<void> S3Store::sync() { co_return; }

}  // namespace stash::storage
