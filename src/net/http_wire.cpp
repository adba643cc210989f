#include "net/http_wire.hpp"

#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/string.hpp>
#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/fields.hpp>
#include <boost/beast/http/parser.hpp>

#include <algorithm>
#include <array>
#include <numeric>

#include "stash/base/error.hpp"

namespace stash::net {

namespace http = boost::beast::http;
using boost::system::error_code;

namespace {

constexpr std::size_t kHeadLimit = 64 << 10;
constexpr std::size_t kReadSize = 16 << 10;

void refuse_line_breaks(std::string_view text, std::string_view what) {
  if (text.find_first_of(std::string_view("\r\n\0", 3)) != std::string_view::npos) {
    throw Error(ErrorKind::Invalid, "HTTP {} holds a line break", what);
  }
}

std::string_view view(boost::beast::string_view text) { return {text.data(), text.size()}; }

/// What request_head() writes itself: of the first two the caller may give the value, the others follow from
/// the request and the connection.
constexpr std::array kOwnHeaders{"Host", "User-Agent", "Content-Length", "Connection", "Transfer-Encoding"};

bool is_own(const Header& h) {
  return std::ranges::any_of(kOwnHeaders,
                             [&h](const char* own) { return boost::beast::iequals(h.name, own); });
}

void add_header(std::string& head, const std::string& name, const std::string& value) {
  refuse_line_breaks(name, "header name");
  refuse_line_breaks(value, "header " + name);
  head += name + ": " + value + "\r\n";
}

}  // namespace

std::size_t body_size(const Request& request) {
  return std::accumulate(request.body.begin(), request.body.end(), std::size_t{0},
                         [](std::size_t sum, ByteView piece) { return sum + piece.size(); });
}

std::string request_head(const Url& origin, const Request& request, const Headers& upgrade) {
  refuse_line_breaks(request.method, "method");
  refuse_line_breaks(request.target, "target");
  std::string head = request.method + " " + request.target + " HTTP/1.1\r\n";
  const auto add_unless_given = [&](const std::string& name, const std::string& ours) {
    const std::string_view given = header(request.headers, name);
    add_header(head, name, given.empty() ? ours : std::string(given));
  };
  add_unless_given("Host", origin.authority());
  add_unless_given("User-Agent", "stash/" STASH_VERSION);
  const std::size_t size = body_size(request);
  if (size > 0 || request.method == "POST" || request.method == "PUT" || request.method == "PATCH")
    add_header(head, "Content-Length", std::to_string(size));
  for (const Header& h : request.headers)
    if (!is_own(h)) add_header(head, h.name, h.value);
  for (const Header& h : upgrade) add_header(head, h.name, h.value);
  return head + "\r\n";
}

struct ResponseReader::Impl {
  bool no_body;
  bool started = false;
  bool upgraded = false;
  boost::beast::flat_buffer buffer;
  std::optional<http::response_parser<http::buffer_body>> parser;

  void fresh() {
    parser.emplace();
    parser->header_limit(kHeadLimit);
    parser->body_limit(boost::none);
    parser->skip(no_body);
  }

  /// One step of the parser over what is buffered; false when it needs more.
  bool step() {
    error_code failure;
    const std::size_t used = parser->put(buffer.data(), failure);
    buffer.consume(used);
    // The parser bounds the head, but neither the first line of a chunk nor the trailers.
    if (failure == http::error::need_more && buffer.size() > kHeadLimit)
      throw Error(ErrorKind::Corrupt,
                  "malformed HTTP answer: a chunk's first line or the trailers do not end");
    if (failure == http::error::need_more) return false;
    if (failure && failure != http::error::need_buffer) {
      throw Error(ErrorKind::Corrupt, "malformed HTTP answer: {}", failure.message());
    }
    return true;
  }
};

ResponseReader::ResponseReader(bool no_body) : impl_(std::make_unique<Impl>()) {
  impl_->no_body = no_body;
  impl_->fresh();
}

ResponseReader::~ResponseReader() = default;

std::span<std::byte> ResponseReader::space() {
  const auto room = impl_->buffer.prepare(kReadSize);
  return {static_cast<std::byte*>(room.data()), room.size()};
}

void ResponseReader::received(std::size_t count) {
  impl_->started |= count > 0;
  impl_->buffer.commit(count);
}

void ResponseReader::ended() {
  error_code failure;
  if (impl_->parser->is_header_done()) {
    impl_->parser->put_eof(failure);
  } else {
    failure = http::error::partial_message;
  }
  if (failure) throw Error(ErrorKind::Unavailable, "the connection was closed in the middle of the answer");
}

bool ResponseReader::head() {
  auto& parser = impl_->parser;
  while (!parser->is_header_done()) {
    if (impl_->buffer.size() == 0 || !impl_->step()) return false;
    if (!parser->is_header_done()) continue;
    const int status = parser->get().result_int() > 999 ? 0 : static_cast<int>(parser->get().result_int());
    if (status / 100 == 1 && status != 101) impl_->fresh();
  }
  return true;
}

std::size_t ResponseReader::body(std::span<std::byte> into) {
  auto& parser = *impl_->parser;
  auto& value = parser.get().body();
  value.data = into.data();
  value.size = into.size();
  // Each step consumes framing or body bytes; it ends when `into` is full, the input is used up, or all is
  // read.
  while (!parser.is_done() && value.size > 0 && impl_->buffer.size() > 0) {
    if (!impl_->step()) break;
  }
  return into.size() - value.size;
}

bool ResponseReader::started() const { return impl_->started; }
bool ResponseReader::done() const { return impl_->parser->is_done(); }
bool ResponseReader::keep_alive() const { return impl_->parser->keep_alive() && impl_->buffer.size() == 0; }
int ResponseReader::status() const { return static_cast<int>(impl_->parser->get().result_int()); }

Headers ResponseReader::headers() const {
  Headers out;
  for (const auto& field : impl_->parser->get()) {
    out.emplace_back(std::string(view(field.name_string())), std::string(view(field.value())));
  }
  return out;
}

std::string ResponseReader::rest() const {
  const auto data = impl_->buffer.data();
  return {static_cast<const char*>(data.data()), data.size()};
}

}  // namespace stash::net
