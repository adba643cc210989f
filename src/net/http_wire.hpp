#pragma once

#include <memory>
#include <optional>
#include <string>

#include "stash/net/http.hpp"

namespace stash::net {

/// The head of a request as it goes out, or Error(Invalid) when a part holds a line break.
///
///     PUT /bucket/key HTTP/1.1\r\n
///     Host: store.example:9000\r\n        unless the caller gives one
///     User-Agent: stash/0.1.0\r\n          unless the caller gives one
///     Content-Length: 5\r\n
///     <caller's other headers>\r\n        without Content-Length, Connection and Transfer-Encoding
///     <upgrade>\r\n
///     \r\n
std::string request_head(const Url& origin, const Request& request, const Headers& upgrade = {});

/// Content length of all pieces.
std::size_t body_size(const Request& request);

/// Reads one HTTP/1.1 response from bytes given in any portions. Knows no sockets.
class ResponseReader {
 public:
  /// `no_body`: the request was HEAD. Heads, first lines of chunks and trailers over 64 KiB are refused.
  explicit ResponseReader(bool no_body);
  ~ResponseReader();
  ResponseReader(const ResponseReader&) = delete;
  ResponseReader& operator=(const ResponseReader&) = delete;

  /// Where the next received bytes go, followed by received(). At least one byte long.
  std::span<std::byte> space();
  void received(std::size_t count);
  /// The peer ended the stream. Throws Error(Unavailable) when that cuts the message.
  void ended();

  /// Consumes buffered bytes until the head is whole; false when more are needed. Interim (1xx) answers other
  /// than 101 are passed over. Throws Error(Corrupt) on anything that is not HTTP.
  bool head();
  /// Puts body bytes into `into`; 0 when more input is needed or the message is done.
  std::size_t body(std::span<std::byte> into);

  bool started() const;  ///< a byte of the answer has come
  bool done() const;
  bool keep_alive() const;  ///< valid once done: the connection can carry another request
  int status() const;
  Headers headers() const;
  /// Bytes that came after the head (of an upgraded connection).
  std::string rest() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace stash::net
