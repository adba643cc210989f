#include <gtest/gtest.h>

#include "stash/base/error.hpp"
#include "stash/net/http.hpp"
#include "support/scripted_peer.hpp"

namespace stash::net {
namespace {

using namespace std::chrono_literals;
using test::Identity;
using test::PeerConnection;
using test::PeerTls;
using test::ScriptedPeer;

struct World {
  Identity authority = test::make_authority("test CA");
  Identity server = test::make_identity("server", "DNS:localhost,IP:127.0.0.1", &authority);
  Identity client = test::make_identity("client", "", &authority);
};

const World& world() {
  static const World made;
  return made;
}

void hello(PeerConnection& c) {
  while (!c.read_request().empty()) c.write("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
}

PeerTls server_tls() { return PeerTls{world().server, std::nullopt}; }

struct Outcome {
  std::string body;
  std::optional<ErrorKind> kind;
  std::string text;
};

Outcome ask(const std::string& url, TlsOptions tls) {
  ClientOptions options;
  options.tls = std::move(tls);
  options.connect_timeout = 5s;
  options.response_timeout = 5s;
  Outcome outcome;
  try {
    HttpClient client(Url::parse(url), options);
    auto body = [](HttpClient& c) -> Task<Response> { co_return co_await c.send(Request("GET", "/")); };
    outcome.body = run(body(client)).body;
  } catch (const Error& e) {
    outcome.kind = e.kind();
    outcome.text = e.what();
  }
  return outcome;
}

TEST(Tls, TrustsAPrivateAuthority) {
  const ScriptedPeer peer({hello}, server_tls());
  TlsOptions tls;
  tls.ca_pem = world().authority.certificate_pem();

  EXPECT_EQ(ask(peer.url("localhost"), tls).body, "hello");
  EXPECT_EQ(ask(peer.url("127.0.0.1"), tls).body, "hello");
}

TEST(Tls, TrustsAnyAuthorityOfABundle) {
  const ScriptedPeer peer({hello}, server_tls());
  TlsOptions tls;
  tls.ca_pem = test::make_authority("other").certificate_pem() + world().authority.certificate_pem();

  EXPECT_EQ(ask(peer.url(), tls).body, "hello");
}

TEST(Tls, DeniesAnUnknownAuthorityAndSaysWhy) {
  const ScriptedPeer peer({hello}, server_tls());
  TlsOptions tls;
  tls.ca_pem = test::make_authority("other").certificate_pem();

  const Outcome outcome = ask(peer.url(), tls);

  EXPECT_EQ(outcome.kind, ErrorKind::Denied);
  EXPECT_NE(outcome.text.find("unable to get local issuer certificate"), std::string::npos) << outcome.text;
}

TEST(Tls, DeniesAServerOfAnotherName) {
  const Identity other = test::make_identity("other", "DNS:other.example", &world().authority);
  const ScriptedPeer peer({hello}, PeerTls{other, std::nullopt});
  TlsOptions tls;
  tls.ca_pem = world().authority.certificate_pem();

  EXPECT_EQ(ask(peer.url("localhost"), tls).kind, ErrorKind::Denied);
  EXPECT_EQ(ask(peer.url("127.0.0.1"), tls).kind, ErrorKind::Denied);
  tls.server_name = "other.example";
  EXPECT_EQ(ask(peer.url("127.0.0.1"), tls).body, "hello");
}

TEST(Tls, InsecureAsksForNoProof) {
  const ScriptedPeer peer({hello}, server_tls());
  TlsOptions tls;
  tls.insecure = true;

  EXPECT_EQ(ask(peer.url(), tls).body, "hello");
}

TEST(Tls, ShowsItsClientCertificate) {
  const ScriptedPeer peer({hello}, PeerTls{world().server, world().authority});
  TlsOptions tls;
  tls.ca_pem = world().authority.certificate_pem();

  EXPECT_EQ(ask(peer.url(), tls).kind, ErrorKind::Denied);
  tls.client_cert_pem = world().client.certificate_pem();
  tls.client_key_pem = Secret(world().client.key_pem());
  EXPECT_EQ(ask(peer.url(), tls).body, "hello");
}

TEST(Tls, UnusableTextsAreInvalidAndNamed) {
  TlsOptions tls;
  tls.ca_pem = "not a certificate";
  EXPECT_EQ(ask("https://127.0.0.1:1", tls).kind, ErrorKind::Invalid);

  tls.ca_pem = world().authority.certificate_pem();
  tls.client_cert_pem = world().client.certificate_pem();
  tls.client_key_pem = Secret(world().server.key_pem());
  const Outcome outcome = ask("https://127.0.0.1:1", tls);
  EXPECT_EQ(outcome.kind, ErrorKind::Invalid);
  EXPECT_NE(outcome.text.find("client key"), std::string::npos) << outcome.text;
}

TEST(Tls, APlainServerIsUnavailable) {
  const ScriptedPeer peer({[](PeerConnection& c) {
    c.read_some();
    c.write("HTTP/1.1 400 Bad Request\r\n\r\n");
  }});
  EXPECT_EQ(ask("https://127.0.0.1:" + std::to_string(peer.port()), TlsOptions()).kind,
            ErrorKind::Unavailable);
}

TEST(Tls, ACutInsideTheBodyIsUnavailable) {
  const ScriptedPeer peer({[](PeerConnection& c) {
                            c.read_request();
                            c.write("HTTP/1.1 200 OK\r\n\r\nhel");
                            c.reset();
                          }},
                          server_tls());
  TlsOptions tls;
  tls.insecure = true;
  EXPECT_EQ(ask(peer.url(), tls).kind, ErrorKind::Unavailable);
}

TEST(Tls, ASilentHandshakeIsUnavailable) {
  const ScriptedPeer peer({[](PeerConnection& c) { c.stall(); }});
  ClientOptions options;
  options.connect_timeout = 50ms;
  HttpClient client(Url::parse("https://127.0.0.1:" + std::to_string(peer.port())), options);
  auto body = [](HttpClient& c) -> Task<Response> { co_return co_await c.send(Request("GET", "/")); };
  try {
    run(body(client));
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), ErrorKind::Unavailable);
  }
}

TEST(Tls, RotatedOptionsApplyToTheNextRequest) {
  ScriptedPeer peer({hello}, server_tls());
  ClientOptions options;
  options.tls.insecure = true;
  HttpClient client(Url::parse(peer.url()), options);
  auto get = [](HttpClient& c) -> Task<Response> { co_return co_await c.send(Request("GET", "/")); };
  auto body = [get](HttpClient& c) -> Task<void> {
    co_await get(c);
    TlsOptions strict;
    strict.ca_pem = test::make_authority("other").certificate_pem();
    c.reset_tls(strict);
    co_await get(c);
  };
  try {
    run(body(client));
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), ErrorKind::Denied);
  }
}

}  // namespace
}  // namespace stash::net
