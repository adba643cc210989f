#include "stash/net/tcp.hpp"

#include "net/stream.hpp"

namespace stash::net {

Task<void> check_tcp(std::string host, std::uint16_t port, Duration limit) {
  Url url;
  url.scheme = "http";
  url.host = std::move(host);
  url.port = port;
  co_await connect(std::move(url), nullptr, limit);
}

}  // namespace stash::net
