#include "net/websocket.hpp"

#include <gtest/gtest.h>

#include "support/scripted_peer.hpp"

namespace stash::net {
namespace {

using namespace std::chrono_literals;
using test::PeerConnection;
using test::ScriptedPeer;

/// An unmasked server frame.
std::string frame(int first, const std::string& payload) {
  std::string out(1, static_cast<char>(first));
  if (payload.size() > 125) {
    out += static_cast<char>(126);
    out += static_cast<char>(payload.size() >> 8);
    out += static_cast<char>(payload.size() & 0xff);
  } else {
    out += static_cast<char>(payload.size());
  }
  return out + payload;
}

std::string accept_upgrade(const std::string& request) {
  const auto at = request.find("Sec-WebSocket-Key: ") + 19;
  return "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: "
         "websocket\r\nSec-WebSocket-Accept: " +
         accept_of(request.substr(at, 24)) + "\r\nSec-WebSocket-Protocol: b\r\n\r\n";
}

ClientOptions quick() {
  ClientOptions options;
  options.response_timeout = 200ms;
  options.idle_timeout = 200ms;
  options.body_limit = 1000;
  return options;
}

Task<std::unique_ptr<WebSocket>> dial(HttpClient& client) {
  Request request("GET", "/exec");
  std::vector<std::string> protocols(1, "a");
  protocols.emplace_back("b");
  co_return co_await client.websocket(std::move(request), std::move(protocols));
}

Task<std::vector<std::string>> read_all(HttpClient& client) {
  const auto socket = co_await dial(client);
  EXPECT_EQ(socket->protocol(), "b");
  std::vector<std::string> messages;
  for (;;) {
    auto message = co_await socket->read();
    if (!message) co_return messages;
    messages.push_back(std::move(*message));
  }
}

ErrorKind failure_of(ScriptedPeer& peer) {
  HttpClient client(Url::parse(peer.url()), quick());
  try {
    run(read_all(client));
  } catch (const Error& e) {
    return e.kind();
  }
  return ErrorKind::Internal;
}

ScriptedPeer::Script after_upgrade(std::string bytes) {
  return [bytes](PeerConnection& c) {
    c.write(accept_upgrade(c.read_request()) + bytes);
    c.stall();
  };
}

TEST(WebSocketKey, IsAnsweredAsTheStandardShows) {
  EXPECT_EQ(accept_of("dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
}

TEST(WebSocketFrame, ClientFramesAreMaskedAndReadBack) {
  for (const std::size_t size : {0u, 1u, 125u, 126u, 65535u, 65536u}) {
    const std::string payload(size, 'p');
    const std::array mask{std::byte{1}, std::byte{2}, std::byte{3}, std::byte{4}};

    std::string bytes = encode_frame(Opcode::Binary, payload, mask);

    ASSERT_TRUE(bytes[1] & 0x80);
    bytes[1] = static_cast<char>(bytes[1] & 0x7f);
    const auto head = parse_frame_head(bytes);
    ASSERT_TRUE(head);
    EXPECT_EQ(head->size, size);
    EXPECT_EQ(bytes.size(), head->head_size + 4 + size);
    if (size > 0) EXPECT_EQ(static_cast<std::byte>(bytes[head->head_size + 4]), std::byte{'p'} ^ mask[0]);
  }
}

TEST(WebSocketFrame, AHeadCutAnywhereIsNotWhole) {
  const std::string head{"\x82\x7f\0\0\0\0\0\1\0\0", 10};
  for (std::size_t cut = 0; cut < head.size(); ++cut) EXPECT_FALSE(parse_frame_head(head.substr(0, cut)));
  EXPECT_EQ(parse_frame_head(head)->size, 65536u);
}

TEST(WebSocketFrame, WhatTheStandardForbidsIsCorrupt) {
  const std::vector<std::string> bad{{"\xc2\x00", 2}, {"\x83\x00", 2}, {"\x8b\x00", 2},
                                     {"\x82\x80", 2}, {"\x09\x00", 2}, {"\x89\x7e", 2}};
  for (const std::string& bytes : bad) EXPECT_THROW(parse_frame_head(bytes), Error);
}

TEST(WebSocketClient, JoinsPiecesAnswersPingsAndEndsOnClose) {
  std::string pong;
  auto peer = std::make_unique<ScriptedPeer>(std::vector<ScriptedPeer::Script>{[&pong](PeerConnection& c) {
    c.write(accept_upgrade(c.read_request()) + frame(0x02, "he") + frame(0x89, "are you there") +
            frame(0x80, "llo") + frame(0x81, std::string(300, 'x')) + frame(0x88, "\x03\xe8"));
    pong = c.read_some();
    c.stall();
  }});
  {
    HttpClient client(Url::parse(peer->url()), quick());
    EXPECT_EQ(run(read_all(client)), (std::vector<std::string>{"hello", std::string(300, 'x')}));
  }
  peer.reset();  // joins the peer's thread
  ASSERT_GE(pong.size(), 2u + 4 + 13);
  EXPECT_EQ(static_cast<unsigned char>(pong[0]), 0x8a);
  EXPECT_EQ(static_cast<unsigned char>(pong[1]), 0x80 | 13);
}

TEST(WebSocketClient, SendsWhatItIsGiven) {
  std::string got;
  auto peer = std::make_unique<ScriptedPeer>(std::vector<ScriptedPeer::Script>{[&got](PeerConnection& c) {
    c.write(accept_upgrade(c.read_request()));
    got = c.read_some();
    c.write(frame(0x88, ""));
    c.stall();
  }});
  HttpClient client(Url::parse(peer->url()), quick());
  auto body = [](HttpClient& c) -> Task<void> {
    const auto socket = co_await dial(c);
    co_await socket->write("hi");
    const auto end = co_await socket->read();
    EXPECT_FALSE(end);
  };
  run(body(client));
  peer.reset();
  ASSERT_EQ(got.size(), 8u);
  EXPECT_EQ(got[6] ^ got[2], 'h');
  EXPECT_EQ(got[7] ^ got[3], 'i');
}

TEST(WebSocketClient, AsksForTheUpgradeWhateverTheCallerSaysOfTheConnection) {
  std::string seen;
  ScriptedPeer peer({[&seen](PeerConnection& c) {
    seen = c.read_request();
    c.write(accept_upgrade(seen) + frame(0x88, ""));
    c.stall();
  }});
  HttpClient client(Url::parse(peer.url()), quick());
  auto body = [](HttpClient& c) -> Task<void> {
    Request request("GET", "/exec");
    request.headers.emplace_back("Connection", "close");
    std::vector<std::string> protocols(1, "b");
    const auto socket = co_await c.websocket(std::move(request), std::move(protocols));
    const auto end = co_await socket->read();
    EXPECT_FALSE(end);
  };

  run(body(client));

  EXPECT_NE(seen.find("\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"), std::string::npos) << seen;
  EXPECT_EQ(seen.find("close"), std::string::npos) << seen;
}

TEST(WebSocketClient, PingsWhenItIsTold) {
  std::string got;
  auto peer = std::make_unique<ScriptedPeer>(std::vector<ScriptedPeer::Script>{[&got](PeerConnection& c) {
    c.write(accept_upgrade(c.read_request()));
    got = c.read_some();
    c.write(frame(0x8a, "") + frame(0x88, ""));
    c.stall();
  }});
  HttpClient client(Url::parse(peer->url()), quick());
  auto body = [](HttpClient& c) -> Task<void> {
    const auto socket = co_await dial(c);
    co_await socket->ping();
    const auto end = co_await socket->read();
    EXPECT_FALSE(end);
  };
  run(body(client));
  peer.reset();
  ASSERT_EQ(got.size(), 6u);
  EXPECT_EQ(static_cast<unsigned char>(got[0]), 0x89);
}

TEST(WebSocketClient, ARefusedUpgradeTellsStatusAndText) {
  const std::vector<std::pair<std::string, ErrorKind>> cases{{"403 Forbidden", ErrorKind::Denied},
                                                             {"404 Not Found", ErrorKind::NotFound},
                                                             {"400 Bad Request", ErrorKind::Invalid},
                                                             {"503 Busy", ErrorKind::Unavailable}};
  for (const auto& [status, kind] : cases) {
    ScriptedPeer peer({[&status = status](PeerConnection& c) {
      c.read_request();
      c.write("HTTP/1.1 " + status + "\r\nContent-Length: 7\r\n\r\nbecause");
    }});
    HttpClient client(Url::parse(peer.url()), quick());
    try {
      run(read_all(client));
      ADD_FAILURE() << status;
    } catch (const Error& e) {
      EXPECT_EQ(e.kind(), kind) << status;
      EXPECT_NE(std::string(e.what()).find("because"), std::string::npos);
    }
  }
}

TEST(WebSocketClient, AnAnswerToAnotherKeyIsCorrupt) {
  ScriptedPeer peer({[](PeerConnection& c) {
    c.read_request();
    c.write(accept_upgrade("Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA=="));
  }});
  EXPECT_EQ(failure_of(peer), ErrorKind::Corrupt);
}

TEST(WebSocketClient, FaultsOfTheStreamAreTold) {
  ScriptedPeer silent({after_upgrade("")});
  ScriptedPeer long_message(
      {after_upgrade(frame(0x02, std::string(900, 'a')) + frame(0x80, std::string(101, 'a')))});
  ScriptedPeer stray({after_upgrade(frame(0x80, "x"))});
  ScriptedPeer cut({[](PeerConnection& c) { c.write(accept_upgrade(c.read_request()) + "\x82"); }});

  EXPECT_EQ(failure_of(silent), ErrorKind::Unavailable);
  EXPECT_EQ(failure_of(long_message), ErrorKind::Corrupt);
  EXPECT_EQ(failure_of(stray), ErrorKind::Corrupt);
  EXPECT_EQ(failure_of(cut), ErrorKind::Unavailable);
}

}  // namespace
}  // namespace stash::net
