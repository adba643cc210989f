#include <algorithm>
#include <chrono>
#include <vector>

#include "net/gate.hpp"
#include "net/http_wire.hpp"
#include "net/stream.hpp"
#include "net/websocket.hpp"
#include "stash/base/error.hpp"
#include "stash/net/http.hpp"

namespace stash::net {
namespace {

/// Servers close idle connections after a minute or more; ours are given up before.
constexpr auto kIdleLimit = std::chrono::seconds(50);

bool idempotent(const std::string& method) {
  return method == "GET" || method == "HEAD" || method == "PUT" || method == "DELETE";
}

/// Connections of one origin. Shared with the streams that still read from one when the client goes.
struct ConnectionPool {
  ConnectionPool(Url o, const ClientOptions& options) : origin(std::move(o)), gate(options.max_connections) {
    set_tls(options.tls);
  }

  void set_tls(const TlsOptions& options) {
    if (origin.scheme == "https") tls = std::make_shared<TlsContext>(options);
    idle.clear();
    ++generation;
  }

  std::unique_ptr<Stream> take_idle() {
    const auto oldest = std::chrono::steady_clock::now() - kIdleLimit;
    while (!idle.empty()) {
      Idle last = std::move(idle.back());
      idle.pop_back();
      if (last.since > oldest && last.stream->reusable()) return std::move(last.stream);
    }
    return nullptr;
  }

  void give_back(std::unique_ptr<Stream> stream, std::uint64_t made_in) {
    if (made_in == generation && !closed)
      idle.push_back({std::move(stream), std::chrono::steady_clock::now()});
  }

  struct Idle {
    std::unique_ptr<Stream> stream;
    std::chrono::steady_clock::time_point since;
  };

  Url origin;
  std::shared_ptr<TlsContext> tls;
  Gate gate;
  std::vector<Idle> idle;
  std::uint64_t generation = 0;  ///< counts TLS options: a connection made with older ones is not used again
  bool closed = false;
};

/// A connection in use. Goes back to the pool by give_back(), is closed otherwise.
struct Lease {
  Lease(std::shared_ptr<ConnectionPool> p, Place pl) : pool(std::move(p)), place(std::move(pl)) {}
  Lease(Lease&&) = default;

  std::shared_ptr<ConnectionPool> pool;
  Place place;
  std::unique_ptr<Stream> stream;
  std::uint64_t generation = 0;
  bool reused = false;
  bool whole = true;  ///< the request went out to its end

  void give_back() {
    if (whole) pool->give_back(std::move(stream), generation);
  }
};

Task<void> fill(ResponseReader& reader, Stream& stream, Duration limit) {
  const std::size_t count = co_await stream.read_some(reader.space(), limit);
  if (count > 0) {
    reader.received(count);
  } else {
    reader.ended();
  }
}

/// Sends the request. Nothing when done; the failure when the peer stopped reading, for it may have answered
/// first.
Task<std::exception_ptr> write_request(Stream& stream, std::string head, const Request& request,
                                       Duration limit) {
  std::vector<ByteView> pieces;
  pieces.reserve(request.body.size() + 1);
  pieces.push_back(as_bytes(head));
  pieces.insert(pieces.end(), request.body.begin(), request.body.end());
  try {
    co_await stream.write(std::move(pieces), limit);
  } catch (const Error& e) {
    if (e.kind() != ErrorKind::Unavailable) throw;
    co_return std::current_exception();
  }
  co_return nullptr;
}

Task<void> read_head(ResponseReader& reader, Stream& stream, Duration limit) {
  while (!reader.head()) co_await fill(reader, stream, limit);
}

class Body final : public ResponseStream {
 public:
  Body(Lease lease, std::unique_ptr<ResponseReader> reader, Duration limit)
      : lease_(std::move(lease)),
        reader_(std::move(reader)),
        limit_(limit),
        status_(reader_->status()),
        headers_(reader_->headers()) {
    finish_if_done();
  }

  int status() const override { return status_; }
  const Headers& headers() const override { return headers_; }

  Task<std::size_t> read(std::span<std::byte> into) override {
    if (into.empty()) throw Error(ErrorKind::Internal, "read into an empty buffer");
    for (;;) {
      const std::size_t count = reader_->done() ? 0 : reader_->body(into);
      finish_if_done();
      if (count > 0 || reader_->done()) co_return count;
      if (!lease_->stream) throw Error(ErrorKind::Unavailable, "the connection is broken");
      try {
        co_await fill(*reader_, *lease_->stream, limit_);
      } catch (...) {
        lease_->stream.reset();
        throw;
      }
    }
  }

 private:
  void finish_if_done() {
    if (!reader_->done() || !lease_) return;
    if (reader_->keep_alive()) lease_->give_back();
    lease_.reset();  // frees the place for the next request at once
  }

  std::optional<Lease> lease_;
  std::unique_ptr<ResponseReader> reader_;
  Duration limit_;
  int status_;
  Headers headers_;
};

}  // namespace

struct HttpClient::Impl {
  Impl(Url o, ClientOptions opts)
      : options(std::move(opts)), pool(std::make_shared<ConnectionPool>(std::move(o), options)) {}

  ClientOptions options;
  std::shared_ptr<ConnectionPool> pool;

  Task<Lease> acquire(bool fresh) {
    const auto keep = pool;
    co_await keep->gate.enter();
    Lease lease(keep, Place(keep->gate));
    if (!fresh) lease.stream = keep->take_idle();
    lease.reused = lease.stream != nullptr;
    lease.generation = keep->generation;
    if (!lease.stream) lease.stream = co_await connect(keep->origin, keep->tls, options.connect_timeout);
    co_return lease;
  }

  struct Exchange {
    Exchange(Lease l, std::unique_ptr<ResponseReader> r) : lease(std::move(l)), reader(std::move(r)) {}
    Lease lease;
    std::unique_ptr<ResponseReader> reader;
  };

  /// One attempt: null when a reused connection turned out to be closed and the request may be sent again.
  Task<std::unique_ptr<Exchange>> attempt(const Request& request, std::string head, bool fresh) {
    Lease lease = co_await acquire(fresh);
    auto reader = std::make_unique<ResponseReader>(request.method == "HEAD");
    const bool may_repeat = lease.reused && idempotent(request.method);
    const auto unsent = co_await write_request(*lease.stream, std::move(head), request, options.idle_timeout);
    lease.whole = !unsent;
    try {
      co_await read_head(*reader, *lease.stream, options.response_timeout);
    } catch (const Error& e) {
      // What made one kept connection fall silent has seldom spared the others.
      if (lease.reused && !reader->started()) lease.pool->idle.clear();
      if (e.kind() != ErrorKind::Unavailable) throw;
      if (may_repeat && !reader->started()) co_return nullptr;
      if (unsent) std::rethrow_exception(unsent);
      throw;
    }
    co_return std::make_unique<Exchange>(std::move(lease), std::move(reader));
  }

  Task<std::unique_ptr<Exchange>> exchange(Request request) {
    const std::string head = request_head(pool->origin, request);
    try {
      auto result = co_await attempt(request, head, false);
      if (!result) result = co_await attempt(request, head, true);
      co_return result;
    } catch (const Error& e) {
      throw_named(e, request.method + " " + pool->origin.origin());
    }
  }

  /// A connection's fault told with whom it happened.
  [[noreturn]] static void throw_named(const Error& e, const std::string& what) {
    if (e.kind() == ErrorKind::Cancelled) throw e;
    throw Error(e.kind(), "{}: {}", what, e.what());
  }
};

HttpClient::HttpClient(Url origin, ClientOptions options)
    : impl_(std::make_unique<Impl>(std::move(origin), std::move(options))) {}

HttpClient::~HttpClient() {
  impl_->pool->closed = true;
  impl_->pool->idle.clear();
}

const Url& HttpClient::origin() const { return impl_->pool->origin; }

void HttpClient::reset_tls(TlsOptions tls) { impl_->pool->set_tls(tls); }

Task<std::unique_ptr<ResponseStream>> HttpClient::open(Request request) {
  const Duration limit = impl_->options.idle_timeout;
  auto result = co_await impl_->exchange(std::move(request));
  co_return std::make_unique<Body>(std::move(result->lease), std::move(result->reader), limit);
}

Task<Response> HttpClient::send(Request request) {
  const std::size_t limit = request.body_limit.value_or(impl_->options.body_limit);
  const std::string what = request.method + " " + origin().origin();
  const auto stream = co_await open(std::move(request));
  Response response;
  response.status = stream->status();
  response.headers = stream->headers();
  std::vector<std::byte> piece(16 << 10);
  for (;;) {
    const std::size_t count = co_await stream->read(piece);
    if (count == 0) co_return response;
    if (response.body.size() + count > limit) {
      throw Error(ErrorKind::Corrupt, "{}: the answer is longer than {}", what, format_size(limit));
    }
    response.body.append(as_text(ByteView(piece).first(count)));
  }
}

Task<std::unique_ptr<WebSocket>> HttpClient::websocket(Request request, std::vector<std::string> protocols) {
  const Upgrade upgrade(protocols);
  const std::size_t body_limit = impl_->options.body_limit;
  const Duration idle_limit = impl_->options.idle_timeout;
  const Duration response_limit = impl_->options.response_timeout;

  // An upgraded connection never comes back to the pool, so it takes no place in it.
  const auto pool = impl_->pool;
  const std::string head = request_head(pool->origin, request, upgrade.headers());
  auto stream = co_await connect(pool->origin, pool->tls, impl_->options.connect_timeout);
  ResponseReader reader(false);
  const auto unsent = co_await write_request(*stream, head, request, idle_limit);
  if (unsent) std::rethrow_exception(unsent);
  co_await read_head(reader, *stream, response_limit);
  if (reader.status() != 101) {
    std::string text(std::size_t{4} << 10, '\0');
    std::size_t size = 0;
    while (!reader.done() && size < text.size()) {
      const auto room = std::as_writable_bytes(std::span(text)).subspan(size);
      const std::size_t count = reader.body(room);
      size += count;
      if (count == 0 && !reader.done()) co_await fill(reader, *stream, response_limit);
    }
    text.resize(size);
    throw refused(reader.status(), text);
  }
  const std::string protocol = upgrade.check(reader.headers());
  co_return open_websocket(std::move(stream), reader.rest(), protocol, body_limit, idle_limit);
}

}  // namespace stash::net
