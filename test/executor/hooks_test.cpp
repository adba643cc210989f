#include "executor/hooks.hpp"

#include <gtest/gtest.h>

#include "stash/base/error.hpp"
#include "stash/kube/resources.hpp"
#include "support/fake_api_server.hpp"
#include "support/manual_timers.hpp"
#include "support/scripted_peer.hpp"

namespace stash::executor {
namespace {

using test::PeerConnection;
using test::ScriptedPeer;

/// A pod at the address of the peer, and what the HTTP server in it was asked.
struct Bench {
  explicit Bench(std::string answer)
      : peer({[this, answer](PeerConnection& c) {
          asked = c.read_request();
          c.write(answer);
        }}) {
    server.put(kube::kPod, R"({"metadata":{"namespace":"demo","name":"web-0"},
      "spec":{"containers":[{"name":"app"}]},"status":{"podIP":"127.0.0.1"}})");
  }

  /// The error of a GET, or nothing.
  std::string get(std::vector<api::HttpHeader> headers = {}) {
    api::Handler handler;
    handler.http_get.emplace();
    handler.http_get->path = "/freeze";
    handler.http_get->port.text = std::to_string(peer.port());
    handler.http_get->http_headers = std::move(headers);
    const kube::Ref pod("demo", "web-0");
    HookFacts facts;
    try {
      net::run(run_handler(services, pod, std::move(handler), std::move(facts)));
    } catch (const Error& e) {
      return e.what();
    }
    return "";
  }

  std::string asked;
  ScriptedPeer peer;
  test::ManualTimers timers;
  net::Pool pool{1};
  SystemRandom random;
  test::FakeApiServer server{timers};
  Services services{server, pool, timers, random};
};

TEST(Hooks, AnHttpHookNamesTheHostThatItsHeadersName) {
  Bench bench("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");

  EXPECT_EQ(bench.get({{"Host", "app.example"}, {"X-Token", "t"}}), "");

  EXPECT_TRUE(bench.asked.starts_with("GET /freeze HTTP/1.1\r\nHost: app.example\r\n")) << bench.asked;
  EXPECT_EQ(bench.asked.find("Host:"), bench.asked.rfind("Host:")) << bench.asked;
  EXPECT_NE(bench.asked.find("\r\nX-Token: t\r\n"), std::string::npos) << bench.asked;
}

TEST(Hooks, AnErrorPageIsCutBetweenCharacters) {
  std::string page = "x";
  while (page.size() < 1200) page += "\xC3\xA4";
  Bench bench("HTTP/1.1 500 Internal Server Error\r\nContent-Length: " + std::to_string(page.size()) +
              "\r\nConnection: close\r\n\r\n" + page);

  const std::string error = bench.get();

  EXPECT_TRUE(error.ends_with(": status 500: " + page.substr(0, 999))) << error;
}

TEST(Hooks, AnHttpServerMayBeSilentForAsLongAsAHookMayTake) {
  EXPECT_EQ(http_hook_options().response_timeout, std::chrono::minutes(5));
  EXPECT_EQ(http_hook_options().idle_timeout, std::chrono::minutes(5));
}

}  // namespace
}  // namespace stash::executor
