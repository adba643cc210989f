#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "stash/net/http.hpp"

namespace stash::net {

/// A request as the server received it, whole.
struct ServerRequest {
  std::string method;
  std::string target;  ///< path and query, still percent-encoded
  Headers headers;
  std::string body;

  ServerRequest() {}  // user-written: travels through awaits
};

/// Called once a request; an exception becomes 500 without its text (which is logged).
using ServerHandler = std::function<Task<Response>(ServerRequest)>;

struct ServerOptions {
  std::string address = "127.0.0.1";
  std::uint16_t port = 0;                            ///< 0: a free one
  std::size_t body_limit = std::size_t{1} << 20;     ///< a longer body is answered 413
  std::size_t max_connections = 64;                  ///< further peers wait in the kernel's queue
  Duration idle_timeout = std::chrono::seconds(30);  ///< longest silence of a peer

  ServerOptions() {}  // user-written: travels through awaits
};

/// Small plain HTTP/1.1 server for metrics, health and scripted test peers. Not for the open internet.
class HttpServer {
 public:
  virtual ~HttpServer() = default;
  virtual std::uint16_t port() const = 0;
  /// Serves until cancelled; then closes every connection and ends with Error(Cancelled).
  virtual Task<void> serve() = 0;
};

/// Binds and listens. Throws Error(Denied) or Error(Unavailable) when the address cannot be had.
Task<std::unique_ptr<HttpServer>> serve_http(ServerOptions options, ServerHandler handler);

}  // namespace stash::net
