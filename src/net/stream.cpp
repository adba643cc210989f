// Every Asio socket operation of the program is in this file: instantiating them is what costs compile time.

#include "net/stream.hpp"

#include <netinet/tcp.h>
#include <sys/socket.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "net/tls.hpp"
#include "net/watchdog.hpp"
#include "stash/base/error.hpp"

namespace stash::net {
namespace {

namespace asio = boost::asio;
namespace ssl = asio::ssl;
using asio::ip::tcp;
using boost::system::error_code;

constexpr auto kResult = asio::as_tuple(asio::use_awaitable);

/// The pieces that are left to write, as Asio wants them. Pieces beyond a batch wait for the next write.
class Outgoing {
 public:
  explicit Outgoing(std::vector<ByteView> pieces) : pieces_(std::move(pieces)) { skip_empty(); }

  bool empty() const { return at_ == pieces_.size(); }
  std::vector<asio::const_buffer> batch() const {
    std::vector<asio::const_buffer> out;
    for (std::size_t i = at_; i < pieces_.size() && out.size() < 16; ++i) {
      const ByteView piece = i == at_ ? pieces_[i].subspan(offset_) : pieces_[i];
      out.emplace_back(piece.data(), piece.size());
    }
    return out;
  }
  void advance(std::size_t count) {
    while (count > 0) {
      const std::size_t step = std::min(count, pieces_[at_].size() - offset_);
      count -= step;
      offset_ += step;
      skip_empty();
    }
  }

 private:
  void skip_empty() {
    while (at_ < pieces_.size() && offset_ == pieces_[at_].size()) {
      ++at_;
      offset_ = 0;
    }
  }

  std::vector<ByteView> pieces_;
  std::size_t at_ = 0;
  std::size_t offset_ = 0;
};

tcp::socket& socket_of(tcp::socket& socket) { return socket; }
tcp::socket& socket_of(ssl::stream<tcp::socket>& stream) { return stream.next_layer(); }

/// Stream over a TCP socket or over TLS on one. `Next` is constructed from `args`.
template <class Next>
class SocketStream final : public Stream {
 public:
  template <class... Args>
  explicit SocketStream(std::shared_ptr<TlsContext> tls, Args&&... args)
      : tls_(std::move(tls)),
        next_(std::forward<Args>(args)...),
        reading_(next_.get_executor(), [this] { close(); }),
        writing_(next_.get_executor(), [this] { close(); }) {}

  Next& next() { return next_; }

  Task<std::size_t> read_some(std::span<std::byte> into, Duration limit) override {
    reading_.start(limit);
    const auto [failure, count] =
        co_await next_.async_read_some(asio::buffer(into.data(), into.size()), kResult);
    reading_.stop();
    if (failure == asio::error::eof) co_return 0;
    if (failure) throw broken("read", failure, reading_, limit);
    co_return count;
  }

  Task<void> write(std::vector<ByteView> pieces, Duration limit) override {
    Outgoing outgoing(std::move(pieces));
    while (!outgoing.empty()) {
      writing_.start(limit);
      const auto batch = outgoing.batch();
      const auto [failure, count] = co_await next_.async_write_some(batch, kResult);
      writing_.stop();
      if (failure) throw broken("write", failure, writing_, limit);
      outgoing.advance(count);
    }
  }

  bool reusable() override {
    char byte = 0;
    const auto got = ::recv(socket_of(next_).native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    return got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
  }

 private:
  void close() {
    error_code ignored;
    socket_of(next_).close(ignored);
  }

  static Error broken(std::string_view what, const error_code& failure, const Watchdog& watch,
                      Duration limit) {
    if (watch.expired())
      return Error(ErrorKind::Unavailable, "{}: nothing for {}", what, format_duration(limit));
    if (failure == asio::error::operation_aborted) return Error(ErrorKind::Cancelled, "cancelled");
    if (failure == ssl::error::stream_truncated) {
      return Error(ErrorKind::Unavailable, "{}: connection was cut inside TLS", what);
    }
    return Error(tls_kind(failure), "{}: {}", what, failure.message());
  }

  std::shared_ptr<TlsContext> tls_;  // the ssl::stream refers to its context
  Next next_;
  Watchdog reading_;
  Watchdog writing_;
};

using PlainStream = SocketStream<tcp::socket>;
using TlsStream = SocketStream<ssl::stream<tcp::socket>>;

/// A lookup that may be left alone: getaddrinfo cannot be interrupted, and its answer may come when nobody
/// waits.
struct Lookup {
  explicit Lookup(const asio::any_io_executor& executor) : resolver(executor), answered(executor) {}

  tcp::resolver resolver;
  asio::steady_timer answered;
  bool done = false;
  error_code failure;
  std::vector<tcp::endpoint> endpoints;
};

Task<std::vector<tcp::endpoint>> resolve(Url origin) {
  error_code not_an_ip;
  const auto address = asio::ip::make_address(origin.host, not_an_ip);
  if (!not_an_ip) co_return std::vector{tcp::endpoint(address, origin.port)};

  auto lookup = std::make_shared<Lookup>(co_await asio::this_coro::executor);
  lookup->answered.expires_at(asio::steady_timer::time_point::max());
  lookup->resolver.async_resolve(origin.host, std::to_string(origin.port),
                                 [lookup](error_code failure, const tcp::resolver::results_type& results) {
                                   lookup->done = true;
                                   lookup->failure = failure;
                                   for (const auto& entry : results)
                                     lookup->endpoints.push_back(entry.endpoint());
                                   lookup->answered.cancel();
                                 });
  co_await lookup->answered.async_wait(kResult);
  if (!lookup->done) throw Error(ErrorKind::Cancelled, "cancelled");
  if (lookup->failure) {
    throw Error(ErrorKind::Unavailable, "look up {}: {}", origin.host, lookup->failure.message());
  }
  co_return std::move(lookup->endpoints);
}

Task<void> connect_one(tcp::socket& socket, tcp::endpoint endpoint) {
  const auto [failure] = co_await socket.async_connect(endpoint, kResult);
  if (failure == asio::error::operation_aborted) throw Error(ErrorKind::Cancelled, "cancelled");
  if (failure) throw Error(ErrorKind::Unavailable, "{}", failure.message());
}

/// Shows balancers and firewalls a connection on which nobody speaks for long, and ends one whose peer has
/// been gone for two minutes.
void keep_alive(tcp::socket& socket) {
  static constexpr int kProbeSeconds = 30;
  static constexpr int kProbes = 3;
  socket.set_option(asio::socket_base::keep_alive(true));
  const auto set = [&socket](int option, int value) {
    ::setsockopt(socket.native_handle(), IPPROTO_TCP, option, &value, sizeof value);
  };
  set(TCP_KEEPIDLE, kProbeSeconds);
  set(TCP_KEEPINTVL, kProbeSeconds);
  set(TCP_KEEPCNT, kProbes);
  set(TCP_USER_TIMEOUT, kProbeSeconds * (1 + kProbes) * 1000);
}

Task<tcp::socket> connect_any(Url origin, Duration limit) {
  const auto endpoints = co_await resolve(origin);
  const auto executor = co_await asio::this_coro::executor;
  std::string reason = "the name has no address";
  for (const auto& endpoint : endpoints) {
    tcp::socket socket(executor);
    try {
      // One silent address must not use up the time of the others.
      co_await within(limit / static_cast<int>(endpoints.size()), "connect", connect_one(socket, endpoint));
      socket.set_option(tcp::no_delay(true));
      keep_alive(socket);
      co_return socket;
    } catch (const Error& e) {
      if (e.kind() != ErrorKind::Unavailable) throw;
      reason = e.what();
    } catch (const boost::system::system_error& e) {
      if (e.code() == asio::error::operation_aborted) throw;
      reason = e.code().message();
    }
  }
  throw Error(ErrorKind::Unavailable, "{}", reason);
}

Task<std::unique_ptr<Stream>> connect_steps(Url origin, std::shared_ptr<TlsContext> tls, Duration limit) {
  tcp::socket socket = co_await connect_any(origin, limit);
  if (!tls) co_return std::make_unique<PlainStream>(nullptr, std::move(socket));

  TlsContext::Impl& context = tls->impl();
  auto stream = std::make_unique<TlsStream>(tls, std::move(socket), context.context);
  const std::string name = context.server_name.empty() ? origin.host : context.server_name;
  SSL* connection = stream->next().native_handle();
  error_code not_an_ip;
  asio::ip::make_address(name, not_an_ip);
  if (not_an_ip) SSL_set_tlsext_host_name(connection, name.c_str());
  if (!context.insecure) stream->next().set_verify_callback(ssl::host_name_verification(name));

  const auto [failure] = co_await stream->next().async_handshake(ssl::stream_base::client, kResult);
  if (failure == asio::error::operation_aborted) throw Error(ErrorKind::Cancelled, "cancelled");
  if (failure) throw handshake_error(connection, failure, name);
  co_return stream;
}

class TcpListener final : public Listener {
 public:
  explicit TcpListener(tcp::acceptor acceptor) : acceptor_(std::move(acceptor)) {}

  std::uint16_t port() const override { return acceptor_.local_endpoint().port(); }

  Task<std::unique_ptr<Stream>> accept() override {
    auto [failure, socket] = co_await acceptor_.async_accept(kResult);
    if (failure == asio::error::operation_aborted) throw Error(ErrorKind::Cancelled, "cancelled");
    if (failure) throw Error(ErrorKind::Unavailable, "accept: {}", failure.message());
    error_code ignored;
    socket.set_option(tcp::no_delay(true), ignored);
    co_return std::make_unique<PlainStream>(nullptr, std::move(socket));
  }

 private:
  tcp::acceptor acceptor_;
};

}  // namespace

Task<std::unique_ptr<Stream>> connect(Url origin, std::shared_ptr<TlsContext> tls, Duration limit) {
  const std::string what = "connect to " + origin.origin();
  try {
    co_return co_await within(limit, what, connect_steps(origin, tls, limit));
  } catch (const Error& e) {
    if (e.kind() == ErrorKind::Cancelled || std::string_view(e.what()).starts_with(what)) throw;
    throw Error(e.kind(), "{}: {}", what, e.what());
  }
}

Task<std::unique_ptr<Listener>> listen(std::string address, std::uint16_t port) {
  const auto executor = co_await asio::this_coro::executor;
  error_code failure;
  const auto ip = asio::ip::make_address(address, failure);
  if (failure) throw Error(ErrorKind::Invalid, "listen: \"{}\" is not an IP address", address);
  try {
    co_return std::make_unique<TcpListener>(tcp::acceptor(executor, tcp::endpoint(ip, port)));
  } catch (const boost::system::system_error& e) {
    throw errno_error(e.code().value(), "listen on " + address + ":" + std::to_string(port));
  }
}

}  // namespace stash::net
