#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "stash/base/bytes.hpp"
#include "stash/base/secret.hpp"
#include "stash/net/task.hpp"

namespace stash::net {

/// An absolute http or https address.
struct Url {
  std::string scheme;  ///< "http" or "https"
  std::string host;    ///< name or IP (IPv6 without brackets)
  std::uint16_t port = 0;
  std::string path;  ///< begins with '/'; query included

  /// Throws Error(Invalid) that says what is wrong. A missing port is 80 or 443.
  static Url parse(std::string_view text);
  /// scheme://host[:port], the port left out when it is the scheme's own.
  std::string origin() const;
  /// host[:port] as the Host header wants it.
  std::string authority() const;
  bool operator==(const Url&) const = default;
};

struct Header {
  std::string name;
  std::string value;

  Header(std::string n, std::string v) : name(std::move(n)), value(std::move(v)) {}
};
using Headers = std::vector<Header>;

/// First value of a header, name compared without case; empty view when it is absent.
std::string_view header(const Headers& headers, std::string_view name);

/// One request. `body` is sent scatter-gather; the bytes belong to the caller and must live until the call
/// returns.
struct Request {
  std::string method = "GET";
  std::string target = "/";  ///< path and query, already percent-encoded
  /// Host and User-Agent are added where they are not given; Content-Length, Connection and Transfer-Encoding
  /// are the client's alone.
  Headers headers;
  std::vector<ByteView> body;
  std::optional<std::size_t> body_limit;  ///< of the answer that send() keeps, instead of the client's

  Request() = default;
  Request(std::string m, std::string t) : method(std::move(m)), target(std::move(t)) {}
};

struct Response {
  int status = 0;
  Headers headers;
  std::string body;

  Response() {}  // user-written: travels through awaits
};

/// A response whose body is read as it comes (watches, large objects). Destroying it drops the connection
/// unless the body was read to its end.
class ResponseStream {
 public:
  virtual ~ResponseStream() = default;
  virtual int status() const = 0;
  virtual const Headers& headers() const = 0;
  /// Bytes put into `into`; 0 at the end of the body. Throws Error(Unavailable) on a broken or silent
  /// connection (no byte within the client's idle limit).
  virtual Task<std::size_t> read(std::span<std::byte> into) = 0;
};

/// A client WebSocket (RFC 6455), as pods/exec needs it.
class WebSocket {
 public:
  virtual ~WebSocket() = default;
  virtual std::string_view protocol() const = 0;
  /// The next whole message (at most the client's body limit), or nothing once the peer closed.
  virtual Task<std::optional<std::string>> read() = 0;
  virtual Task<void> write(std::string message) = 0;
  /// Shows whatever stands between that the connection is in use; may run beside read() and write().
  virtual Task<void> ping() = 0;
  virtual Task<void> close() = 0;
};

/// How TLS peers are trusted and how we identify ourselves. PEM texts.
struct TlsOptions {
  std::string ca_pem;     ///< trusted roots; empty: the system bundle (SSL_CERT_FILE or the usual places)
  bool insecure = false;  ///< do not verify the peer
  std::string client_cert_pem;  ///< empty: no client certificate
  Secret client_key_pem;
  std::string server_name;  ///< name to verify instead of the URL's host; empty: the host
};

struct ClientOptions {
  TlsOptions tls;
  std::size_t max_connections = 16;  ///< per origin; further requests wait
  Duration connect_timeout = std::chrono::seconds(10);
  Duration response_timeout =
      std::chrono::seconds(60);  ///< from the last byte sent to the first byte of the head
  Duration idle_timeout = std::chrono::seconds(60);  ///< longest silence while sending or reading a body
  std::size_t body_limit = std::size_t{64} << 20;    ///< largest body that send() keeps
};

/// HTTP/1.1 client for one origin: kept-alive pool, TLS, time limits on everything. One io thread, many
/// coroutines. Network faults are Error(Unavailable); a TLS peer that cannot be trusted is Error(Denied); an
/// over-long or malformed answer is Error(Corrupt). HTTP status codes are answers, not errors. A request on a
/// reused connection that was closed before any byte of the answer came is sent again once on a fresh one,
/// when its method is idempotent (GET, HEAD, PUT, DELETE).
class HttpClient {
 public:
  HttpClient(Url origin, ClientOptions options);
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  const Url& origin() const;
  Task<Response> send(Request request);
  Task<std::unique_ptr<ResponseStream>> open(Request request);
  /// Throws Error with the server's status and text when the upgrade is refused.
  Task<std::unique_ptr<WebSocket>> websocket(Request request, std::vector<std::string> protocols);
  /// Closes idle connections and uses these TLS options from now on (rotated client certificates).
  void reset_tls(TlsOptions tls);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// Percent-encodes everything but unreserved characters (RFC 3986); '/' is kept when `keep_slash`.
std::string percent_encode(std::string_view text, bool keep_slash = false);

}  // namespace stash::net
