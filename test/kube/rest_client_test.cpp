// The real client against a scripted server on loopback: what a real API server cannot be asked to do on
// demand.

#include "stash/kube/rest_client.hpp"

#include <gtest/gtest.h>

#include "net/websocket.hpp"
#include "stash/kube/resources.hpp"
#include "support/manual_timers.hpp"
#include "support/scripted_peer.hpp"

namespace stash::kube {
namespace {

using namespace std::chrono_literals;
using test::PeerConnection;
using test::ScriptedPeer;

std::string answer(std::string_view status, std::string_view body, std::string_view headers = "") {
  return fmt::format("HTTP/1.1 {}\r\n{}Content-Length: {}\r\n\r\n{}", status, headers, body.size(), body);
}

const std::string kObject = R"({"metadata":{"name":"a","namespace":"n"}})";

/// Plays one answer a request over all connections, the last for ever, and keeps the requests.
class Server {
 public:
  explicit Server(std::vector<std::string> answers)
      : answers_(std::move(answers)), peer_({[this](PeerConnection& c) { serve(c); }}) {}

  std::string url() const { return peer_.url(); }
  std::vector<std::string> requests() {
    const std::lock_guard lock(mutex_);
    return requests_;
  }

 private:
  void serve(PeerConnection& connection) {
    for (std::string text = connection.read_request(); !text.empty(); text = connection.read_request()) {
      std::string reply;
      {
        const std::lock_guard lock(mutex_);
        reply = answers_[std::min(requests_.size(), answers_.size() - 1)];
        requests_.push_back(text);
      }
      if (reply.empty()) return connection.reset();
      connection.write(reply);
      if (reply.find("Connection: close") != std::string::npos) return;
    }
  }

  std::mutex mutex_;
  std::vector<std::string> answers_;
  std::vector<std::string> requests_;
  ScriptedPeer peer_;
};

/// Timers whose sleeps end at once and are kept.
class Hasty final : public net::Timers {
 public:
  TimePoint now() const override { return TimePoint(1000s); }
  std::chrono::steady_clock::time_point steady() const override { return {}; }
  Task<void> sleep(Duration delay) override {
    sleeps.push_back(delay);
    co_return;
  }
  std::vector<Duration> sleeps;
};

struct Bench {
  explicit Bench(std::vector<std::string> answers, std::string prefix = "") : server(std::move(answers)) {
    config.server = server.url() + prefix;
    config.authorization = Secret("Bearer t");
  }
  RestClient& client() {
    if (!client_) client_.emplace(config, timers, random, pool);
    return *client_;
  }

  Server server;
  Config config;
  Hasty timers;
  SystemRandom random;
  net::Pool pool{1};
  std::optional<RestClient> client_;
};

const Ref kRef("n", "a");

template <class T>
std::optional<ErrorKind> kind_of(Task<T> task) {
  try {
    net::run(std::move(task));
  } catch (const Error& e) {
    return e.kind();
  }
  return std::nullopt;
}

TEST(RestClient, SendsItsIdentityAndThePrefixOfTheServer) {
  Bench b({answer("200 OK", kObject)}, "/k8s/clusters/c-1/");

  const auto found = net::run(b.client().find(kPod, kRef));

  ASSERT_TRUE(found);
  const std::string request = b.server.requests().at(0);
  EXPECT_TRUE(request.starts_with("GET /k8s/clusters/c-1/api/v1/namespaces/n/pods/a HTTP/1.1\r\n"))
      << request;
  EXPECT_NE(request.find("\r\nAuthorization: Bearer t\r\n"), std::string::npos);
  EXPECT_NE(request.find("\r\nUser-Agent: stash/"), std::string::npos);
}

TEST(RestClient, IdempotentCallsOutliveBadMinutes) {
  Bench b({answer("503 Service Unavailable", "{}"), answer("500 Internal Server Error", ""),
           answer("504 Gateway Timeout", ""), answer("200 OK", kObject)});

  EXPECT_TRUE(net::run(b.client().find(kPod, kRef)));
  EXPECT_EQ(b.server.requests().size(), 4u);
  EXPECT_EQ(b.timers.sleeps.size(), 3u);
}

TEST(RestClient, GivesUpAfterSevenTries) {
  Bench b({answer("503 Service Unavailable", R"({"message":"etcd is down"})")});

  EXPECT_EQ(kind_of(b.client().find(kPod, kRef)), ErrorKind::Unavailable);
  EXPECT_EQ(b.server.requests().size(), 7u);
}

TEST(RestClient, RetryAfterIsHonouredWithinReason) {
  Bench b({answer("429 Too Many Requests", "", "Retry-After: 9\r\n"),
           answer("503 Service Unavailable", "", "Retry-After: 86400\r\n"), answer("200 OK", kObject)});

  EXPECT_TRUE(net::run(b.client().find(kPod, kRef)));
  EXPECT_EQ(b.timers.sleeps, (std::vector<Duration>{9s, 30s}));
}

TEST(RestClient, CreatingIsRepeatedOnlyWhenTheServerRefusedIt) {
  Bench refused({answer("429 Too Many Requests", ""), answer("201 Created", kObject)});
  EXPECT_EQ(kind_of(refused.client().create(kPod, "n", kObject)), std::nullopt);

  Bench unknown({answer("500 Internal Server Error", "")});
  EXPECT_EQ(kind_of(unknown.client().create(kPod, "n", kObject)), ErrorKind::Unavailable);
  EXPECT_EQ(unknown.server.requests().size(), 1u);

  Bench broken({""});
  EXPECT_EQ(kind_of(broken.client().create(kPod, "n", kObject)), ErrorKind::Unavailable);
  EXPECT_EQ(broken.server.requests().size(), 1u);
}

TEST(RestClient, AnswersThatWillNotChangeAreNotAskedForAgain) {
  for (const char* status :
       {"400 Bad Request", "403 Forbidden", "404 Not Found", "409 Conflict", "422 Unprocessable"}) {
    Bench b({answer(status, "{}")});
    PatchOptions merge;
    EXPECT_TRUE(kind_of(b.client().patch(kPod, kRef, "{}", merge))) << status;
    EXPECT_EQ(b.server.requests().size(), 1u) << status;
  }
}

TEST(RestClient, RemovingWhatIsGoneIsFine) {
  Bench b({answer("404 Not Found", "{}")});

  EXPECT_EQ(kind_of(b.client().remove(kPod, kRef, Propagation::Background, "u-1")), std::nullopt);
  EXPECT_NE(b.server.requests().at(0).find(R"("preconditions":{"uid":"u-1"})"), std::string::npos);
}

TEST(RestClient, ARefusedTokenIsFetchedAgainOnce) {
  Bench b({answer("401 Unauthorized", "{}"), answer("200 OK", kObject), answer("401 Unauthorized", "{}")});
  b.config.authorization = Secret();
  b.config.exec.emplace();
  b.config.exec->api_version = "client.authentication.k8s.io/v1";
  b.config.exec->command = "sh";
  b.config.exec->args = {
      "-c",
      R"(echo '{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1","status":{"token":"new"}}')"};

  EXPECT_TRUE(net::run(b.client().find(kPod, kRef)));
  EXPECT_EQ(b.server.requests().size(), 2u);
  EXPECT_EQ(kind_of(b.client().find(kPod, kRef)), ErrorKind::Denied);
  EXPECT_EQ(b.server.requests().size(), 4u);
}

TEST(RestClient, AnAnswerThatIsNoJsonIsTold) {
  Bench b({answer("200 OK", "<html>")});

  EXPECT_EQ(kind_of(b.client().find(kPod, kRef)), ErrorKind::Corrupt);
}

std::string page_of(std::size_t size) {
  return answer("200 OK", R"({"items":[],"padding":")" + std::string(size, 'x') + R"("})");
}

TEST(RestClient, APageThatIsTooLongIsAskedForWithFewerObjects) {
  const std::string too_long = page_of(std::size_t{5} << 20);
  const std::string fair = page_of(1);
  Bench b({too_long, fair, fair, too_long, too_long, fair});
  const auto list = [&b] { return net::run(b.client().list(kPod, ListOptions())); };

  for (int i = 0; i < 4; ++i) list();

  std::vector<std::string> limits;
  for (const std::string& request : b.server.requests()) {
    const auto at = request.find("limit=");
    limits.push_back(request.substr(at, request.find(' ', at) - at));
  }
  EXPECT_EQ(limits, (std::vector<std::string>{"limit=100", "limit=10", "limit=20", "limit=40", "limit=4",
                                              "limit=1", "limit=2"}));
}

TEST(RestClient, OneObjectIsReadHoweverLongItIs) {
  Bench b({page_of(std::size_t{5} << 20)});
  ListOptions options;
  options.limit = 1;

  const auto page = net::run(b.client().list(kPod, options));

  EXPECT_EQ(json::text(page, "padding").size(), std::size_t{5} << 20);
}

TEST(RestClient, OneObjectThatNestsDeepDoesNotHideTheOthers) {
  const std::string deep = std::string(5000, '[') + std::string(5000, ']');
  Bench b({answer("200 OK", R"({"items":[{"spec":{"x":)" + deep + R"(}},{"metadata":{"name":"a"}}]})")});

  const auto page = net::run(b.client().list(kPod, ListOptions()));

  EXPECT_EQ(json::text((*json::find(page, "items"))[1], "metadata", "name"), "a");
}

std::string chunk(std::string_view text) { return fmt::format("{:x}\r\n{}\r\n", text.size(), text); }

const std::string kChunkedHead = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n";
const std::string kEvent1 = "{\"type\":\"ADDED\",\"object\":{\"metadata\":{\"name\":\"a\"}}}\n";

Task<std::vector<std::string>> watch_all(Client& client, std::optional<ErrorKind>& failure) {
  std::vector<std::string> names;
  try {
    auto stream = co_await client.watch(kPod, ListOptions());
    for (;;) {
      const auto event = co_await stream->read();
      if (!event) break;
      names.emplace_back(json::text(event->object, "metadata", "name"));
    }
  } catch (const Error& e) {
    failure = e.kind();
  }
  co_return names;
}

TEST(RestClient, AWatchReadsEventsHoweverTheyAreCut) {
  const std::string two = kEvent1 + kEvent1;
  Bench b({kChunkedHead + chunk(two.substr(0, 7)) + chunk(two.substr(7, 60)) + chunk(two.substr(67)) +
           "0\r\n\r\n"});
  std::optional<ErrorKind> failure;

  EXPECT_EQ(net::run(watch_all(b.client(), failure)), (std::vector<std::string>{"a", "a"}));
  EXPECT_EQ(failure, std::nullopt);
}

TEST(RestClient, AWatchThatBreaksIsUnavailable) {
  for (const std::string& end :
       {chunk("{\"type\":\"ADD"), std::string(), chunk("{\"type\":\"ADD") + "0\r\n\r\n"}) {
    Bench b({kChunkedHead + chunk(kEvent1) + end});
    std::optional<ErrorKind> failure;

    EXPECT_EQ(net::run(watch_all(b.client(), failure)), std::vector<std::string>{"a"});
    EXPECT_EQ(failure, ErrorKind::Unavailable) << end;
  }
}

TEST(RestClient, AWatchThatIsRefusedTellsWhy) {
  Bench gone({answer("410 Gone", R"({"message":"too old"})")});
  std::optional<ErrorKind> failure;
  net::run(watch_all(gone.client(), failure));
  EXPECT_EQ(failure, ErrorKind::Conflict);

  Bench inside({kChunkedHead + chunk("{\"type\":\"ERROR\",\"object\":{\"code\":410}}\n") + "0\r\n\r\n"});
  failure.reset();
  net::run(watch_all(inside.client(), failure));
  EXPECT_EQ(failure, ErrorKind::Conflict);
}

std::string accept_exec(const std::string& request) {
  const auto key = request.find("Sec-WebSocket-Key: ") + 19;
  return fmt::format(
      "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
      "Sec-WebSocket-Accept: {}\r\nSec-WebSocket-Protocol: v5.channel.k8s.io\r\n\r\n",
      net::accept_of(request.substr(key, 24)));
}

/// One unmasked frame with a message of a channel.
std::string channel_frame(char channel, std::string_view text) {
  return "\x82" + std::string(1, static_cast<char>(text.size() + 1)) + channel + std::string(text);
}

TEST(RestClient, ACommandThatIsSilentForLongKeepsItsConnection) {
  std::string heard;
  std::optional<ScriptedPeer> peer;
  peer.emplace(std::vector<ScriptedPeer::Script>{[&heard](PeerConnection& c) {
    c.write(accept_exec(c.read_request()));
    heard = c.read_some();
    c.write(channel_frame('\x01', "done") + channel_frame('\x03', R"({"status":"Success"})"));
    c.stall();
  }});
  Config config;
  config.server = peer->url();
  test::ManualTimers timers;
  SystemRandom random;
  net::Pool pool(1);
  RestClient client(config, timers, random, pool);
  std::optional<ExecResult> result;
  auto run_command = [](RestClient& c, std::optional<ExecResult>& into) -> Task<void> {
    std::vector<std::string> command(1, "freeze");
    into = co_await c.exec(kRef, "app", std::move(command), 5s, 100);
  };
  auto body = [](Task<void> command, test::ManualTimers& t) -> Task<void> {
    net::TaskGroup group;
    co_await group.spawn(std::move(command));
    for (int i = 0; i < 50'000 && t.sleepers() == 0; ++i) co_await t.settle();
    t.advance(15s);
    co_await group.join();
  };

  net::run(body(run_command(client, result), timers));

  peer.reset();
  EXPECT_EQ(result->output, "done");
  ASSERT_EQ(heard.size(), 6u);
  EXPECT_EQ(static_cast<unsigned char>(heard[0]), 0x89) << "a ping";
}

TEST(RestClient, AServerAddressThatIsNoUrlIsToldAtOnce) {
  Bench b({answer("200 OK", "")});
  b.config.server = "not a url";

  EXPECT_THROW(b.client(), Error);
}

}  // namespace
}  // namespace stash::kube
