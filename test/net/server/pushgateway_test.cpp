// Against a real Prometheus Pushgateway, which this test starts and stops itself.

#include "stash/net/pushgateway.hpp"

#include <gtest/gtest.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>

#include "stash/base/error.hpp"
#include "support/server_program.hpp"

namespace stash::net {
namespace {

using namespace std::chrono_literals;

class Pushgateway : public testing::Test {
 protected:
  void SetUp() override {
    port_ = test::free_port();
    const std::string listen = "--web.listen-address=127.0.0.1:" + std::to_string(port_);
    const std::string program = test::server_program("pushgateway");
    char* const args[] = {const_cast<char*>(program.c_str()), const_cast<char*>(listen.c_str()),
                          const_cast<char*>("--log.level=error"), nullptr};
    ASSERT_EQ(::posix_spawn(&pid_, program.c_str(), nullptr, nullptr, args, environ), 0) << program;
    run(wait_until_ready(url()));
  }

  void TearDown() override {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGTERM);
    ::waitpid(pid_, nullptr, 0);
  }

  Url url() const { return Url::parse("http://127.0.0.1:" + std::to_string(port_)); }

  std::string metrics() const {
    auto body = [](Url u) -> Task<std::string> {
      HttpClient client(u, ClientOptions());
      const Response response = co_await client.send(Request("GET", "/metrics"));
      co_return response.body;
    };
    return run(body(url()));
  }

 private:
  static Task<void> wait_until_ready(Url u) {
    SystemTimers timers;
    HttpClient client(u, ClientOptions());
    for (int i = 0; i < 200; ++i) {
      try {
        const Response response = co_await client.send(Request("GET", "/-/ready"));
        if (response.status == 200) co_return;
      } catch (const Error&) {
      }
      co_await timers.sleep(25ms);
    }
    ADD_FAILURE() << "the Pushgateway did not come up";
  }

  std::uint16_t port_ = 0;
  pid_t pid_ = 0;
};

std::string text_of(const std::string& name, double value) {
  metrics::Registry registry;
  registry.set(name, "A test.", {{"odd", "a\"b\\c\nd"}}, value);
  return registry.text();
}

TEST_F(Pushgateway, AddsMetricsToAGroup) {
  run(push_metrics(url(), "backup-demo", {{"hostname", "host-0"}}, text_of("stash_a", 1)));
  run(push_metrics(url(), "backup-demo", {{"hostname", "host-0"}}, text_of("stash_b", 2)));
  run(push_metrics(url(), "backup-demo", {{"hostname", "host-1"}}, text_of("stash_a", 3)));

  const std::string all = metrics();
  const std::string odd = ",odd=\"a\\\"b\\\\c\\nd\"} ";
  for (const char* want : {"stash_a{hostname=\"host-0\",instance=\"\",job=\"backup-demo\"",
                           "stash_b{hostname=\"host-0\",instance=\"\",job=\"backup-demo\"",
                           "stash_a{hostname=\"host-1\",instance=\"\",job=\"backup-demo\""}) {
    EXPECT_NE(all.find(want + odd), std::string::npos) << want << "\n" << all;
  }
}

TEST_F(Pushgateway, UnderstandsOurBase64Grouping) {
  run(push_metrics(url(), "a/b", {{"empty", ""}, {"path", "/source/data"}}, text_of("stash_a", 1)));

  EXPECT_NE(metrics().find("stash_a{empty=\"\",instance=\"\",job=\"a/b\",odd="), std::string::npos)
      << metrics();
  EXPECT_NE(metrics().find("path=\"/source/data\"} 1"), std::string::npos);
}

TEST_F(Pushgateway, ARefusedTextIsInvalid) {
  try {
    run(push_metrics(url(), "job", {}, "no metric at all\n"));
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), ErrorKind::Invalid);
  }
}

TEST(PushgatewayDown, IsUnavailable) {
  try {
    run(push_metrics(Url::parse("http://127.0.0.1:" + std::to_string(test::free_port())), "job", {}, "a 1\n",
                     1s));
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), ErrorKind::Unavailable);
  }
}

}  // namespace
}  // namespace stash::net
