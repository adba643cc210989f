#include "stash/kube/rest_client.hpp"

#include <algorithm>
#include <map>

#include "kube/credentials.hpp"
#include "kube/exec_conversation.hpp"
#include "kube/request.hpp"
#include "kube/status_error.hpp"
#include "kube/watch_stream.hpp"
#include "stash/net/backoff.hpp"

namespace stash::kube {
namespace {

constexpr int kTries = 7;
constexpr auto kFirstPause = std::chrono::milliseconds(250);
constexpr auto kLongestPause = std::chrono::seconds(4);
constexpr auto kMostRetryAfter = std::chrono::seconds(30);

constexpr int kWatchSeconds = 300;  ///< and up to twice that, so that watches do not all end together
/// Bookmarks come about once a minute: a stream silent for longer than three is dead.
constexpr auto kWatchIdle = std::chrono::seconds(200);
constexpr std::size_t kWatches = 256;
constexpr std::size_t kErrorBodyLimit = std::size_t{64} << 10;
/// Longest page of several objects: a parsed one takes up to sixteen times as much memory as its text.
constexpr std::size_t kMaxPage = std::size_t{4} << 20;

/// Whether the same request may be sent again when nobody knows if the first arrived.
enum class Repeat { Always, OnlyIfRefused };

net::ClientOptions client_options(const net::TlsOptions& tls) {
  net::ClientOptions out;
  out.tls = tls;
  return out;
}

net::ClientOptions watch_options(const net::TlsOptions& tls) {
  net::ClientOptions out = client_options(tls);
  out.idle_timeout = kWatchIdle;
  out.max_connections = kWatches;
  return out;
}

/// "https://host/prefix/" as the origin and the path that stands before every target.
std::string path_prefix(const net::Url& server) {
  std::string prefix = server.path.substr(0, server.path.find('?'));
  while (prefix.ends_with('/')) prefix.pop_back();
  return prefix;
}

std::string describe(std::string_view verb, const Resource& resource, const std::string& object) {
  return object.empty() ? fmt::format("{} {}", verb, resource.plural)
                        : fmt::format("{} {} {}", verb, resource.plural, object);
}

/// What the server sends with 2xx is JSON; anything else is not the server's.
json::Document parse_answer(std::string_view body, std::string_view what) try {
  return json::parse_any_depth(body, what);
} catch (const Error& e) {
  throw Error(ErrorKind::Corrupt, "{}", e.what());
}

bool succeeded(int status) { return status >= 200 && status < 300; }

}  // namespace

struct RestClient::Impl {
  Impl(Config c, net::Timers& t, Random& r, net::Pool& pool)
      : config(std::move(c)),
        timers(t),
        random(r),
        server(doing("API server address", [this] { return net::Url::parse(config.server); })),
        prefix(path_prefix(server)),
        credentials(config, timers, pool),
        calls(server, client_options(config.tls)),
        watches(server, watch_options(config.tls)) {}

  /// Puts our identity on a request. A client certificate from a plugin belongs to the connection: the pools
  /// change it.
  void identify(net::Request& request, const Credential& identity) {
    std::erase_if(request.headers, [](const net::Header& h) { return h.name == "Authorization"; });
    if (!identity.authorization.empty())
      request.headers.emplace_back("Authorization", std::string(identity.authorization.reveal()));
    if (identity.client_cert_pem.empty() || identity.client_cert_pem == config.tls.client_cert_pem) return;
    config.tls.client_cert_pem = identity.client_cert_pem;
    config.tls.client_key_pem = identity.client_key_pem;
    calls.reset_tls(config.tls);
    watches.reset_tls(config.tls);
  }

  /// Sends with an identity; after a 401 once more with a new one.
  Task<net::Response> send_identified(net::Request request) {
    Credential identity = co_await credentials.current();
    identify(request, identity);
    net::Response response = co_await calls.send(request);
    if (response.status != 401 || !credentials.invalidate(identity)) co_return response;
    identity = co_await credentials.current();
    identify(request, identity);
    co_return co_await calls.send(std::move(request));
  }

  /// The 2xx answer, or the Error for whatever else came. `body` must live until the call returns.
  Task<net::Response> send(net::Request request, const std::string& body, Repeat repeat, std::string what) {
    request.target.insert(0, prefix);
    if (!body.empty()) request.body = {as_bytes(body)};
    net::Backoff backoff(random, kFirstPause, kLongestPause);
    for (int left = kTries - 1;; --left) {
      std::optional<Error> failure;
      Duration pause = backoff.next();
      bool refused = false;
      try {
        const net::Response response = co_await send_identified(request);
        if (succeeded(response.status)) co_return response;
        failure = status_error(response.status, response.body, what);
        refused = response.status == 429;
        if (const auto asked = retry_after(response.headers))
          pause = std::max(pause, std::min<Duration>(*asked, kMostRetryAfter));
      } catch (const Error& e) {
        if (e.kind() == ErrorKind::Cancelled) throw;
        failure = Error(e.kind(), "{}: {}", what, e.what());
      }
      const bool again = failure->kind() == ErrorKind::Unavailable && (refused || repeat == Repeat::Always);
      if (!again || left == 0) throw *failure;
      co_await timers.sleep(pause);
    }
  }

  Task<json::Document> call(net::Request request, std::string body, Repeat repeat, std::string what) {
    const net::Response response = co_await send(std::move(request), body, repeat, what);
    co_return parse_answer(response.body, what);
  }

  /// One page of at most options.limit objects, of fewer when they would be too long.
  Task<json::Document> list(const Resource& resource, ListOptions options) {
    const int wanted = options.limit;
    int& fitting = page_sizes.try_emplace(resource.plural, std::max(wanted, 1)).first->second;
    const std::string what = describe("list", resource, options.ns);
    for (;;) {
      options.limit = std::min(wanted, fitting);
      net::Request request = list_request(resource, options);
      if (options.limit > 1) request.body_limit = kMaxPage;
      try {
        auto page = co_await call(std::move(request), "", Repeat::Always, what);
        fitting = std::max(fitting, 2 * options.limit);
        co_return page;
      } catch (const Error& e) {
        // Too long, or with something in it that cannot be read: a smaller page may do without that.
        if (e.kind() != ErrorKind::Corrupt || options.limit <= 1) throw;
      }
      fitting = std::max(options.limit / 10, 1);
    }
  }

  Config config;
  net::Timers& timers;
  Random& random;
  net::Url server;
  std::string prefix;
  Credentials credentials;
  net::HttpClient calls;
  net::HttpClient watches;
  /// Objects of a kind that may fit into a page: a tenth of those that did not, then twice those that did.
  std::map<std::string_view, int> page_sizes;
};

RestClient::RestClient(Config config, net::Timers& timers, Random& random, net::Pool& pool)
    : impl_(std::make_unique<Impl>(std::move(config), timers, random, pool)) {}

RestClient::~RestClient() = default;

Task<std::optional<json::Document>> RestClient::find(const Resource& resource, Ref ref) {
  net::Request request = find_request(resource, ref);
  try {
    co_return co_await impl_->call(std::move(request), "", Repeat::Always,
                                   describe("get", resource, ref.str()));
  } catch (const Error& e) {
    if (e.kind() != ErrorKind::NotFound) throw;
  }
  co_return std::nullopt;
}

Task<json::Document> RestClient::create(const Resource& resource, std::string ns, std::string body) {
  net::Request request = create_request(resource, ns);
  return impl_->call(std::move(request), std::move(body), Repeat::OnlyIfRefused,
                     describe("create", resource, ns));
}

Task<json::Document> RestClient::patch(const Resource& resource, Ref ref, std::string body,
                                       PatchOptions options) {
  net::Request request = patch_request(resource, ref, options);
  // A JSON patch may append to a list, and would do so twice.
  const Repeat repeat = options.type == PatchType::Json ? Repeat::OnlyIfRefused : Repeat::Always;
  return impl_->call(std::move(request), std::move(body), repeat, describe("patch", resource, ref.str()));
}

Task<json::Document> RestClient::replace(const Resource& resource, Ref ref, std::string body,
                                         std::string subresource) {
  net::Request request = replace_request(resource, ref, subresource);
  return impl_->call(std::move(request), std::move(body), Repeat::Always,
                     describe("replace", resource, ref.str()));
}

Task<void> RestClient::remove(const Resource& resource, Ref ref, Propagation propagation, std::string uid) {
  net::Request request = remove_request(resource, ref);
  const std::string body = remove_body(propagation, uid);
  try {
    co_await impl_->send(std::move(request), body, Repeat::Always, describe("delete", resource, ref.str()));
  } catch (const Error& e) {
    if (e.kind() != ErrorKind::NotFound) throw;
  }
}

Task<json::Document> RestClient::list(const Resource& resource, ListOptions options) {
  return impl_->list(resource, std::move(options));
}

Task<std::unique_ptr<WatchStream>> RestClient::watch(const Resource& resource, ListOptions options) {
  const int seconds = kWatchSeconds + static_cast<int>(impl_->random.number() % kWatchSeconds);
  net::Request request = watch_request(resource, options, seconds);
  request.target.insert(0, impl_->prefix);
  std::string what = describe("watch", resource, options.ns);
  for (bool first = true;; first = false) {
    const Credential identity = co_await impl_->credentials.current();
    impl_->identify(request, identity);
    auto stream = co_await impl_->watches.open(request);
    if (succeeded(stream->status()))
      co_return std::make_unique<HttpWatchStream>(std::move(stream), std::move(what));
    if (first && stream->status() == 401 && impl_->credentials.invalidate(identity)) continue;
    std::string body(kErrorBodyLimit, '\0');
    std::size_t filled = 0;
    while (filled < body.size()) {
      const std::size_t got = co_await stream->read(std::as_writable_bytes(std::span(body).subspan(filled)));
      if (got == 0) break;
      filled += got;
    }
    throw status_error(stream->status(), std::string_view(body).substr(0, filled), what);
  }
}

Task<ExecResult> RestClient::exec(Ref pod, std::string container, std::vector<std::string> command,
                                  Duration limit, std::size_t output_limit) {
  net::Request request = exec_request(pod, container, command);
  request.target.insert(0, impl_->prefix);
  const std::string what = fmt::format("exec in pod {} container {}", pod.str(), container);
  const Credential identity = co_await impl_->credentials.current();
  impl_->identify(request, identity);
  // A command may be silent for all its time: the limit is the only one.
  net::ClientOptions options = client_options(impl_->config.tls);
  options.idle_timeout = limit;
  net::HttpClient http(impl_->server, std::move(options));
  auto conversation = converse(http, impl_->timers, std::move(request), output_limit, what);
  co_return co_await net::within(limit, what, std::move(conversation));
}

Task<std::string> RestClient::get(std::string path) {
  net::Request request("GET", path);
  net::Response response = co_await impl_->send(std::move(request), "", Repeat::Always, "get " + path);
  co_return std::move(response.body);
}

}  // namespace stash::kube
