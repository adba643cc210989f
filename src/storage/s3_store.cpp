#include "stash/storage/s3_store.hpp"

#include <charconv>

#include "storage/crc32c.hpp"
#include "storage/names.hpp"
#include "storage/s3_client.hpp"
#include "storage/xml.hpp"

namespace stash::storage {
namespace {

std::string number_base64(std::uint32_t value) {
  const std::array<std::byte, 4> bytes{std::byte(value >> 24), std::byte(value >> 16 & 255),
                                       std::byte(value >> 8 & 255), std::byte(value & 255)};
  return to_base64(bytes);
}

}  // namespace

struct S3Store::Impl : S3Client {
  using S3Client::S3Client;
  bool conditional_puts = true;
};

S3Store::S3Store(S3Config config, const Clock& clock)
    : impl_(std::make_unique<Impl>(std::move(config), clock)) {}

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
  co_return co_await impl_->fetch(impl_->path(name), range, impl_->what("get", name));
}

Task<std::optional<std::uint64_t>> S3Store::size(std::string name) {
  check_name(name);
  const net::Response response = co_await impl_->head(impl_->path(name));
  if (response.status == 404) co_return std::nullopt;
  const auto length = content_length(response.headers);
  if (response.status != 200 || !length) Impl::fail(response, impl_->what("look at", name));
  co_return length;
}

/// GET /{bucket}?encoding-type=url&list-type=2&max-keys=1000&prefix={prefix}&start-after={token} HTTP/1.1
Task<ListPage> S3Store::list(std::string prefix, std::string token) {
  const std::string base = impl_->key_prefix();
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
  if (response.status / 100 == 2 || response.status == 404) co_return;
  const S3Fault fault = read_fault(response.status, response.headers, response.body);
  const Error refusal = to_delete_error(fault, impl_->what("remove", name));
  if (refusal.kind() != ErrorKind::Denied) throw refusal;
  const std::string protection = co_await impl_->protection_of(name);
  if (protection.empty()) throw refusal;
  throw Error(ErrorKind::Denied, "{}: {}", refusal.what(), protection);
}

Task<void> S3Store::sync() { co_return; }

}  // namespace stash::storage
