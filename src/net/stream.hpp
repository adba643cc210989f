#pragma once

#include <memory>
#include <span>
#include <string>

#include "stash/base/bytes.hpp"
#include "stash/net/http.hpp"

namespace stash::net {

/// A connected byte stream, plain or TLS: the only thing the HTTP code knows of sockets. One reader and one
/// writer at a time. Destroying it closes the connection at once.
class Stream {
 public:
  Stream() = default;
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;
  virtual ~Stream() = default;

  /// At least one byte, or 0 when the peer ended the stream properly. Throws Error(Unavailable) when the
  /// connection broke or nothing came within `limit`; the stream is dead then.
  virtual Task<std::size_t> read_some(std::span<std::byte> into, Duration limit) = 0;
  /// Writes all pieces in order; `limit` is the longest time without progress.
  virtual Task<void> write(std::vector<ByteView> pieces, Duration limit) = 0;
  /// False when an idle connection has been closed by the peer or holds bytes nobody asked for.
  virtual bool reusable() = 0;
};

/// The TLS side of many connections: trust and identity, parsed once.
class TlsContext {
 public:
  /// Throws Error(Invalid) on PEM text that cannot be used, naming which.
  explicit TlsContext(const TlsOptions& options);
  ~TlsContext();
  TlsContext(const TlsContext&) = delete;
  TlsContext& operator=(const TlsContext&) = delete;

  struct Impl;
  Impl& impl() { return *impl_; }

 private:
  std::unique_ptr<Impl> impl_;
};

/// Resolves, connects and, when `tls` is given, shakes hands, all within `limit`. Throws Error(Unavailable),
/// or Error(Denied) when the peer's certificate cannot be trusted or it refuses ours.
Task<std::unique_ptr<Stream>> connect(Url origin, std::shared_ptr<TlsContext> tls, Duration limit);

/// Listening TCP socket for the plain server.
class Listener {
 public:
  virtual ~Listener() = default;
  virtual std::uint16_t port() const = 0;
  virtual Task<std::unique_ptr<Stream>> accept() = 0;
};

/// Binds `address` (an IP); port 0 takes a free one. Throws Error(Unavailable), Error(Denied) for privileged
/// ports.
Task<std::unique_ptr<Listener>> listen(std::string address, std::uint16_t port);

}  // namespace stash::net
