#include "stash/net/server.hpp"

#include <boost/asio/this_coro.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/fields.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/status.hpp>
#include <boost/beast/http/string_body.hpp>

#include "net/gate.hpp"
#include "net/stream.hpp"
#include "stash/base/error.hpp"
#include "stash/base/log.hpp"

namespace stash::net {
namespace {

namespace http = boost::beast::http;
using RequestParser = http::request_parser<http::string_body>;

constexpr std::uint32_t kHeadLimit = 64 << 10;
constexpr std::size_t kReadSize = 16 << 10;

ServerRequest request_of(const http::request<http::string_body>& message) {
  ServerRequest request;
  request.method = std::string(message.method_string());
  request.target = std::string(message.target());
  for (const auto& field : message) {
    request.headers.emplace_back(std::string(field.name_string()), std::string(field.value()));
  }
  request.body = message.body();
  return request;
}

std::string response_text(const Response& response, bool keep_alive, bool with_body) {
  const auto status = static_cast<unsigned>(response.status);
  const auto reason = http::obsolete_reason(http::int_to_status(status));
  std::string text = "HTTP/1.1 " + std::to_string(status) + " " + std::string(reason) + "\r\n";
  for (const Header& h : response.headers) text += h.name + ": " + h.value + "\r\n";
  if (status / 100 != 1 && status != 204)
    text += "Content-Length: " + std::to_string(response.body.size()) + "\r\n";
  if (!keep_alive) text += "Connection: close\r\n";
  text += "\r\n";
  return with_body ? text + response.body : text;
}

Response plain(int status, std::string text) {
  Response response;
  response.status = status;
  response.headers.emplace_back("Content-Type", "text/plain; charset=utf-8");
  response.body = std::move(text);
  return response;
}

Task<Response> answer(const ServerHandler& handler, ServerRequest request) {
  const std::string target = request.target;
  try {
    co_return co_await handler(std::move(request));
  } catch (const Error& e) {
    if (e.kind() == ErrorKind::Cancelled) throw;
    log::warn("request failed", {{"target", target}, {"error", e.what()}});
  } catch (const std::exception& e) {
    log::error("request failed", {{"target", target}, {"error", e.what()}});
  }
  co_return plain(500, "internal error\n");
}

class Server final : public HttpServer {
 public:
  Server(std::unique_ptr<Listener> listener, ServerOptions options, ServerHandler handler)
      : listener_(std::move(listener)),
        options_(std::move(options)),
        handler_(std::move(handler)),
        gate_(options_.max_connections) {}

  std::uint16_t port() const override { return listener_->port(); }

  Task<void> serve() override {
    TaskGroup peers;
    std::exception_ptr end;
    try {
      co_await accept_all(peers);
    } catch (...) {
      end = std::current_exception();
    }
    peers.cancel();
    // Usually we have been cancelled ourselves, and every further await would throw: the peers must be waited
    // for.
    const bool throws = co_await boost::asio::this_coro::throw_if_cancelled();
    co_await boost::asio::this_coro::throw_if_cancelled(false);
    try {
      co_await peers.join();
    } catch (const Error& e) {
      log::debug("peers ended", {{"error", e.what()}});
    }
    co_await boost::asio::this_coro::throw_if_cancelled(throws);
    std::rethrow_exception(end);
  }

 private:
  Task<void> accept_all(TaskGroup& peers) {
    for (;;) {
      co_await gate_.enter();
      Place place(gate_);
      auto stream = co_await listener_->accept();
      co_await peers.spawn(serve_peer(std::move(stream), std::move(place)));
    }
  }

  Task<void> serve_peer(std::unique_ptr<Stream> stream, Place) {
    try {
      boost::beast::flat_buffer buffer;
      bool more = true;
      while (more) more = co_await serve_one(*stream, buffer);
    } catch (const Error& e) {
      if (e.kind() == ErrorKind::Cancelled) throw;
      log::debug("peer gone", {{"error", e.what()}});
    }
  }

  /// One request and its answer; false when the connection is to be closed.
  Task<bool> serve_one(Stream& stream, boost::beast::flat_buffer& buffer) {
    RequestParser parser;
    parser.header_limit(kHeadLimit);
    parser.body_limit(options_.body_limit);
    parser.eager(true);
    Response response;
    bool keep = false;
    const int fault = co_await receive(stream, buffer, parser);
    if (fault < 0) co_return false;
    if (fault > 0) {
      response = plain(fault, fault == 413 ? "the body is too long\n" : "malformed request\n");
    } else {
      keep = parser.keep_alive();
      response = co_await answer(handler_, request_of(parser.get()));
    }
    const bool with_body = parser.get().method() != http::verb::head;
    const std::string text = response_text(response, keep, with_body);
    std::vector<ByteView> pieces(1, as_bytes(text));
    co_await stream.write(std::move(pieces), options_.idle_timeout);
    co_return keep;
  }

  /// 0: the request is whole; -1: the peer went away; else the status that says what is wrong with it.
  Task<int> receive(Stream& stream, boost::beast::flat_buffer& buffer, RequestParser& parser) {
    while (!parser.is_done()) {
      if (buffer.size() > 0) {
        boost::system::error_code failure;
        buffer.consume(parser.put(buffer.data(), failure));
        if (failure == http::error::body_limit) co_return 413;
        if (failure == http::error::header_limit) co_return 431;
        if (failure && failure != http::error::need_more) co_return 400;
        if (!failure) continue;
        // The parser bounds the head and the body, but neither the first line of a chunk nor the trailers.
        if (buffer.size() > kHeadLimit) co_return 431;
      }
      const auto room = buffer.prepare(kReadSize);
      const std::span into(static_cast<std::byte*>(room.data()), room.size());
      const std::size_t count = co_await stream.read_some(into, options_.idle_timeout);
      if (count == 0) co_return -1;
      buffer.commit(count);
    }
    co_return 0;
  }

  std::unique_ptr<Listener> listener_;
  ServerOptions options_;
  ServerHandler handler_;
  Gate gate_;
};

}  // namespace

Task<std::unique_ptr<HttpServer>> serve_http(ServerOptions options, ServerHandler handler) {
  auto listener = co_await listen(options.address, options.port);
  co_return std::make_unique<Server>(std::move(listener), std::move(options), std::move(handler));
}

}  // namespace stash::net
