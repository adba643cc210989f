#include <gtest/gtest.h>
#include <netinet/tcp.h>

#include <map>
#include <numeric>

#include "stash/base/error.hpp"
#include "stash/net/http.hpp"
#include "support/scripted_peer.hpp"

namespace stash::net {
namespace {

using namespace std::chrono_literals;
using test::PeerConnection;
using test::ScriptedPeer;

ClientOptions quick() {
  ClientOptions options;
  options.connect_timeout = 2s;
  options.response_timeout = 150ms;
  options.idle_timeout = 150ms;
  return options;
}

Task<Response> get(HttpClient& client, std::string method = "GET") {
  Request request(std::move(method), "/x");
  co_return co_await client.send(std::move(request));
}

ErrorKind failure_of(HttpClient& client, const std::string& method = "GET") {
  try {
    run(get(client, method));
  } catch (const Error& e) {
    return e.kind();
  }
  return ErrorKind::Internal;
}

/// Answers every request on the connection with `answer`.
ScriptedPeer::Script always(std::string answer) {
  return [answer](PeerConnection& c) {
    while (!c.read_request().empty()) c.write(answer);
  };
}

const std::string kHello = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-A: b\r\n\r\nhello";
const std::string kChunked =
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6;x=y\r\n world\r\n0\r\nT: u\r\n\r\n";

TEST(HttpClient, ReadsStatusHeadersAndBody) {
  ScriptedPeer peer({always(kHello)});
  HttpClient client(Url::parse(peer.url()), quick());

  const Response response = run(get(client));

  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, "hello");
  EXPECT_EQ(header(response.headers, "x-a"), "b");
}

/// What a peer reads of a request, and the Host that it has.
struct Sent {
  std::string bytes;
  std::string authority;
};

Sent send_to_peer(Request request) {
  Sent sent;
  ScriptedPeer peer({[&sent](PeerConnection& c) {
    sent.bytes = c.read_request();
    c.write(kHello);
  }});
  HttpClient client(Url::parse(peer.url()), quick());
  sent.authority = client.origin().authority();
  run(client.send(std::move(request)));
  return sent;
}

TEST(HttpClient, SendsAllPiecesOfTheBodyWithTheirLength) {
  Request request("PUT", "/bucket/key");
  request.headers.emplace_back("X-Extra", "1");
  for (const char* piece : {"ab", "", "cde"}) request.body.push_back(as_bytes(piece));

  const Sent sent = send_to_peer(std::move(request));

  EXPECT_EQ(sent.bytes, "PUT /bucket/key HTTP/1.1\r\nHost: " + sent.authority +
                            "\r\nUser-Agent: stash/" STASH_VERSION
                            "\r\nContent-Length: 5\r\nX-Extra: 1\r\n\r\nabcde");
}

TEST(HttpClient, TakesHostAndUserAgentFromTheCallerAndFramingFromNobody) {
  Request request("POST", "/hook");
  for (const auto& [name, value] : std::map<std::string, std::string>{{"host", "app.example"},
                                                                      {"user-agent", "probe"},
                                                                      {"content-length", "7"},
                                                                      {"CONNECTION", "close"},
                                                                      {"transfer-encoding", "chunked"},
                                                                      {"x-extra", "1"}})
    request.headers.emplace_back(name, value);

  EXPECT_EQ(send_to_peer(std::move(request)).bytes,
            "POST /hook HTTP/1.1\r\nHost: app.example\r\nUser-Agent: probe\r\nContent-Length: 0\r\n"
            "x-extra: 1\r\n\r\n");
}

/// A TCP option of this process's connection to `port`, -1 when there is none.
int tcp_option_towards(std::uint16_t port, int option) {
  for (int fd = 3; fd < 1024; ++fd) {
    sockaddr_in there{};
    socklen_t size = sizeof there;
    if (::getpeername(fd, reinterpret_cast<sockaddr*>(&there), &size) != 0 || there.sin_family != AF_INET ||
        ntohs(there.sin_port) != port)
      continue;
    int value = -1;
    socklen_t length = sizeof value;
    ::getsockopt(fd, IPPROTO_TCP, option, &value, &length);
    return value;
  }
  return -1;
}

TEST(HttpClient, AConnectionOnWhichNobodySpeaksIsProbedSoonerThanBalancersForgetIt) {
  ScriptedPeer peer({always(kHello)});
  HttpClient client(Url::parse(peer.url()), quick());

  run(get(client));

  EXPECT_EQ(tcp_option_towards(peer.port(), TCP_KEEPIDLE), 30);
  EXPECT_EQ(tcp_option_towards(peer.port(), TCP_KEEPINTVL), 30);
  EXPECT_EQ(tcp_option_towards(peer.port(), TCP_KEEPCNT), 3);
  EXPECT_EQ(tcp_option_towards(peer.port(), TCP_USER_TIMEOUT), 120'000);
}

TEST(HttpClient, ReadsAChunkedBodyCutAnywhere) {
  for (std::size_t cut = 1; cut < kChunked.size(); ++cut) {
    ScriptedPeer peer({[cut](PeerConnection& c) {
      c.read_request();
      c.write(kChunked.substr(0, cut));
      std::this_thread::yield();
      c.write(kChunked.substr(cut));
    }});
    HttpClient client(Url::parse(peer.url()), quick());
    EXPECT_EQ(run(get(client)).body, "hello world") << cut;
  }
}

TEST(HttpClient, ABreakAfterAnyByteIsUnavailable) {
  for (const std::string& answer : {kHello, kChunked}) {
    for (std::size_t cut = 0; cut < answer.size(); ++cut) {
      for (const bool reset : {false, true}) {
        ScriptedPeer peer({[&answer, cut, reset](PeerConnection& c) {
          c.read_request();
          c.write(answer.substr(0, cut));
          if (reset) c.reset();
        }});
        HttpClient client(Url::parse(peer.url()), quick());
        EXPECT_EQ(failure_of(client), ErrorKind::Unavailable) << cut << (reset ? " reset" : " closed");
      }
    }
  }
}

TEST(HttpClient, SilenceAfterAnyPartIsUnavailable) {
  for (const std::size_t cut : {std::size_t{0}, std::size_t{7}, kHello.size() - 2}) {
    ScriptedPeer peer({[cut](PeerConnection& c) {
      c.read_request();
      c.write(kHello.substr(0, cut));
      c.stall();
    }});
    HttpClient client(Url::parse(peer.url()), quick());
    EXPECT_EQ(failure_of(client), ErrorKind::Unavailable) << cut;
  }
}

TEST(HttpClient, WhatIsNotHttpIsCorrupt) {
  for (const char* bad : {"SSH-2.0-OpenSSH\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
                          "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
                          "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\na"}) {
    ScriptedPeer peer({always(bad)});
    HttpClient client(Url::parse(peer.url()), quick());
    EXPECT_EQ(failure_of(client), ErrorKind::Corrupt) << bad;
  }
}

TEST(HttpClient, RefusesAHeadWithoutEnd) {
  ScriptedPeer peer({always("HTTP/1.1 200 OK\r\nX: " + std::string(100'000, 'a'))});
  HttpClient client(Url::parse(peer.url()), quick());
  EXPECT_EQ(failure_of(client), ErrorKind::Corrupt);
}

TEST(HttpClient, RefusesChunkLinesAndTrailersWithoutEnd) {
  for (const std::string start : {"5;x=", "5\r\nhello\r\n0;x=", "0\r\nX: "}) {
    ScriptedPeer peer({always("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + start +
                              std::string(100'000, 'a'))});
    HttpClient client(Url::parse(peer.url()), quick());
    EXPECT_EQ(failure_of(client), ErrorKind::Corrupt) << start;
  }
}

TEST(HttpClient, RefusesABodyOverTheLimit) {
  ScriptedPeer peer({always(kHello)});
  ClientOptions options = quick();
  options.body_limit = 4;
  HttpClient client(Url::parse(peer.url()), options);
  EXPECT_EQ(failure_of(client), ErrorKind::Corrupt);
}

TEST(HttpClient, ARequestMayBoundItsAnswerItself) {
  ScriptedPeer peer({always(kHello)});
  HttpClient client(Url::parse(peer.url()), quick());
  auto body = [](HttpClient& c, std::size_t limit) -> Task<Response> {
    Request request("GET", "/x");
    request.body_limit = limit;
    co_return co_await c.send(std::move(request));
  };

  EXPECT_EQ(run(body(client, 5)).body, "hello");
  EXPECT_THROW(run(body(client, 4)), Error);
}

TEST(HttpClient, NobodyListeningIsUnavailable) {
  std::string url;
  {
    const ScriptedPeer peer({always(kHello)});
    url = peer.url();
  }
  HttpClient client(Url::parse(url), quick());
  EXPECT_EQ(failure_of(client), ErrorKind::Unavailable);
}

TEST(HttpClient, HeadAnd204And304HaveNoBody) {
  ScriptedPeer peer({[](PeerConnection& c) {
    c.read_request();
    c.write("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n");
    c.read_request();
    c.write("HTTP/1.1 204 No Content\r\n\r\n");
    c.read_request();
    c.write("HTTP/1.1 304 Not Modified\r\nContent-Length: 7\r\n\r\n");
    c.stall();
  }});
  HttpClient client(Url::parse(peer.url()), quick());
  auto body = [](HttpClient& c) -> Task<void> {
    const Response head = co_await get(c, "HEAD");
    EXPECT_EQ(header(head.headers, "Content-Length"), "5");
    const Response none = co_await get(c);
    EXPECT_EQ(none.status, 204);
    const Response same = co_await get(c);
    EXPECT_EQ(same.status, 304);
  };
  run(body(client));
  EXPECT_EQ(peer.connections(), 1);
}

TEST(HttpClient, PassesOverInterimAnswers) {
  ScriptedPeer peer(
      {always("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nA: b\r\n\r\n" + kHello)});
  HttpClient client(Url::parse(peer.url()), quick());
  EXPECT_EQ(run(get(client)).body, "hello");
}

TEST(HttpClient, ReadsUntilCloseWhenThereIsNoLength) {
  ScriptedPeer peer({[](PeerConnection& c) {
    c.read_request();
    c.write("HTTP/1.1 200 OK\r\n\r\nhello");
  }});
  HttpClient client(Url::parse(peer.url()), quick());
  EXPECT_EQ(run(get(client)).body, "hello");
}

Task<void> times(HttpClient& client, int count) {
  for (int i = 0; i < count; ++i) {
    const Response response = co_await get(client);
    EXPECT_EQ(response.body, "hello");
  }
}

TEST(HttpClient, KeepsOneConnectionForRequestsInARow) {
  ScriptedPeer peer({always(kHello)});
  HttpClient client(Url::parse(peer.url()), quick());
  run(times(client, 10));
  EXPECT_EQ(peer.connections(), 1);
}

TEST(HttpClient, DoesNotReuseAConnectionTheServerWillClose) {
  ScriptedPeer peer({always("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello")});
  HttpClient client(Url::parse(peer.url()), quick());
  run(times(client, 3));
  EXPECT_EQ(peer.connections(), 3);
}

TEST(HttpClient, SendsAgainOnceWhenAKeptConnectionWasClosed) {
  for (const bool reset : {false, true}) {
    const auto once = [reset](PeerConnection& c) {
      c.read_request();
      c.write(kHello);
      c.read_request();  // the second request is read and never answered
      if (reset) c.reset();
    };
    ScriptedPeer peer({once, always(kHello)});
    HttpClient client(Url::parse(peer.url()), quick());
    run(times(client, 2));
    EXPECT_EQ(peer.connections(), 2);
  }
}

TEST(HttpClient, NeverSendsAPostTwice) {
  ScriptedPeer peer({[](PeerConnection& c) {
                       c.read_request();
                       c.write(kHello);
                       c.read_request();
                     },
                     always(kHello)});
  HttpClient client(Url::parse(peer.url()), quick());
  auto body = [](HttpClient& c) -> Task<void> {
    co_await get(c);
    co_await get(c, "POST");
  };
  try {
    run(body(client));
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), ErrorKind::Unavailable);
  }
  EXPECT_EQ(peer.connections(), 1);
}

TEST(HttpClient, SaysTheAnswerThatCameBeforeTheBodyWasSent) {
  ScriptedPeer peer({[](PeerConnection& c) {
    c.read_some();
    c.write("HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno");
    while (!c.read_some().empty()) {
    }
  }});
  HttpClient client(Url::parse(peer.url()), quick());
  const std::string large(std::size_t{8} << 20, 'x');
  auto body = [](HttpClient& c, std::string_view text) -> Task<Response> {
    Request request("PUT", "/x");
    request.body.push_back(as_bytes(text));
    co_return co_await c.send(std::move(request));
  };
  EXPECT_EQ(run(body(client, large)).status, 403);
}

TEST(HttpClient, LetsNoMoreRequestsRunThanConnectionsAreAllowed) {
  std::atomic<int> now = 0;
  std::atomic<int> most = 0;
  ScriptedPeer peer({[&](PeerConnection& c) {
    while (!c.read_request().empty()) {
      const int level = ++now;
      int seen = most;
      while (seen < level && !most.compare_exchange_weak(seen, level)) {
      }
      std::this_thread::yield();
      --now;
      c.write(kHello);
    }
  }});
  ClientOptions options = quick();
  options.max_connections = 3;
  HttpClient client(Url::parse(peer.url()), options);
  auto one = [](HttpClient& c) -> Task<void> { co_await get(c); };
  auto body = [one](HttpClient& c) -> Task<void> {
    TaskGroup group;
    for (int i = 0; i < 20; ++i) co_await group.spawn(one(c));
    co_await group.join();
  };
  run(body(client));
  EXPECT_LE(peer.connections(), 3);
  EXPECT_LE(most, 3);
}

TEST(HttpClient, CancelledRequestsGiveTheirPlaceBack) {
  ScriptedPeer peer({[](PeerConnection& c) { c.stall(); }, always(kHello)});
  ClientOptions options = quick();
  options.max_connections = 1;
  options.response_timeout = 10s;
  HttpClient client(Url::parse(peer.url()), options);
  auto body = [](HttpClient& c) -> Task<void> {
    try {
      co_await within(20ms, "get", get(c));
      ADD_FAILURE();
    } catch (const Error& e) {
      EXPECT_EQ(e.kind(), ErrorKind::Unavailable);
    }
    const Response response = co_await get(c);
    EXPECT_EQ(response.body, "hello");
  };
  run(body(client));
}

TEST(HttpClient, AfterSilenceOnAKeptConnectionTheNextRequestTakesAFreshOne) {
  const auto once = [](PeerConnection& c) {
    c.read_request();
    c.write(kHello);
    c.stall();
  };
  ScriptedPeer peer({once, once, always(kHello)});
  ClientOptions options = quick();
  options.response_timeout = 10s;
  HttpClient client(Url::parse(peer.url()), options);
  auto body = [](HttpClient& c) -> Task<void> {
    TaskGroup group;
    for (int i = 0; i < 2; ++i) co_await group.spawn(times(c, 1));
    co_await group.join();
    try {
      co_await within(20ms, "get", get(c));
      ADD_FAILURE();
    } catch (const Error& e) {
      EXPECT_EQ(e.kind(), ErrorKind::Unavailable);
    }
    const Response response = co_await within(5s, "get", get(c));
    EXPECT_EQ(response.body, "hello");
  };
  run(body(client));
  EXPECT_EQ(peer.connections(), 3);
}

TEST(HttpClient, StreamsABodyLargerThanAnyBuffer) {
  std::string large(3'000'000, '\0');
  std::iota(large.begin(), large.end(), '\0');
  ScriptedPeer peer({always("HTTP/1.1 200 OK\r\nContent-Length: 3000000\r\n\r\n" + large)});
  HttpClient client(Url::parse(peer.url()), quick());
  auto body = [](HttpClient& c) -> Task<std::string> {
    const auto stream = co_await c.open(Request("GET", "/x"));
    std::string all;
    std::vector<std::byte> piece(7777);
    for (;;) {
      const std::size_t count = co_await stream->read(piece);
      if (count == 0) co_return all;
      all += as_text(ByteView(piece).first(count));
    }
  };
  EXPECT_EQ(run(body(client)), large);
}

TEST(HttpClient, RefusesLineBreaksInHeadersAndTarget) {
  ScriptedPeer peer({always(kHello)});
  HttpClient client(Url::parse(peer.url()), quick());
  auto body = [](HttpClient& c, Request request) -> Task<void> { co_await c.send(std::move(request)); };
  Request in_header("GET", "/");
  in_header.headers.emplace_back("X", "a\r\nY: b");
  EXPECT_THROW(run(body(client, in_header)), Error);
  EXPECT_THROW(run(body(client, Request("GET", "/\r\nX: y"))), Error);
  EXPECT_EQ(peer.connections(), 0);
}

}  // namespace
}  // namespace stash::net
