#include "kube/credentials.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "stash/base/error.hpp"
#include "stash/base/log.hpp"
#include "support/manual_timers.hpp"
#include "support/temp_dir.hpp"

namespace stash::kube {
namespace {

using namespace std::chrono_literals;

constexpr const char* kApi = "client.authentication.k8s.io/v1";

ExecPlugin shell(const std::string& script) {
  ExecPlugin plugin;
  plugin.api_version = kApi;
  plugin.command = "sh";
  plugin.args = {"-c", script};
  return plugin;
}

std::string credential(std::string_view status) {
  return fmt::format(R"({{"kind":"ExecCredential","apiVersion":"{}","status":{}}})", kApi, status);
}

class TempFile {
 public:
  void write(std::string_view text) const { std::ofstream(path_, std::ios::trunc) << text; }
  void remove() const { std::filesystem::remove(path_); }
  const std::string& path() const { return path_; }

 private:
  test::TempDir folder_;
  std::string path_ = folder_ / "file";
};

std::string token_of(Credentials& credentials) {
  return std::string(net::run(credentials.current()).authorization.reveal());
}

TEST(ExecPlugin, TellsThePluginAboutTheCluster) {
  Config config;
  config.server = "https://h";
  config.tls.ca_pem = "ca";
  ExecPlugin plugin = shell("");

  EXPECT_EQ(
      exec_info(plugin, config),
      R"({"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1","spec":{"interactive":false}})");
  plugin.provide_cluster_info = true;
  EXPECT_EQ(
      exec_info(plugin, config),
      R"({"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1","spec":{"interactive":false,)"
      R"("cluster":{"server":"https://h","certificate-authority-data":"Y2E="}}})");
}

TEST(ExecPlugin, ReadsTokenCertificateAndExpiry) {
  const Credential token = read_exec_credential(
      credential(R"({"token":"t","expirationTimestamp":"2026-01-01T00:00:00Z"})"), shell(""));
  const Credential pair =
      read_exec_credential(credential(R"({"clientCertificateData":"c","clientKeyData":"k"})"), shell(""));

  EXPECT_EQ(token.authorization.reveal(), "Bearer t");
  EXPECT_EQ(format_time(*token.expires), "2026-01-01T00:00:00Z");
  EXPECT_EQ(pair.client_cert_pem, "c");
  EXPECT_FALSE(pair.expires);
}

TEST(ExecPlugin, RefusesWhatIsNoCredentialWithoutPrintingIt) {
  for (const std::string& bad :
       {std::string("hunter2"), std::string("{}"), credential("{}"),
        credential(R"({"clientCertificateData":"hunter2"})"),
        credential(R"({"token":"hunter2","expirationTimestamp":"soon"})"),
        std::string(R"({"kind":"ExecCredential","apiVersion":"v9","status":{"token":"hunter2"}})")}) {
    try {
      read_exec_credential(bad, shell(""));
      ADD_FAILURE() << bad;
    } catch (const Error& e) {
      EXPECT_EQ(e.kind(), ErrorKind::Invalid);
      EXPECT_EQ(std::string(e.what()).find("hunter2"), std::string::npos) << e.what();
    }
  }
}

TEST(ExecPlugin, RunsWithItsEnvironment) {
  ExecPlugin plugin = shell(
      R"(printf '{"kind":"ExecCredential","apiVersion":"%s","status":{"token":"%s"}}' "$API" "${KUBERNETES_EXEC_INFO:+known}")");
  plugin.env.emplace_back("API", kApi);

  EXPECT_EQ(run_exec_plugin(plugin, Config()).authorization.reveal(), "Bearer known");
}

TEST(ExecPlugin, OneThatRunsOnAfterItsLastWordIsWaitedFor) {
  const std::string last_word = "echo '" + credential(R"({"token":"t"})") + "'; exec >&-; sleep 0.3; ";

  EXPECT_EQ(run_exec_plugin(shell(last_word + "exit 0"), Config()).authorization.reveal(), "Bearer t");
  EXPECT_THROW(run_exec_plugin(shell(last_word + "exit 3"), Config()), Error);
}

TEST(ExecPlugin, AFailingOrMissingPluginIsToldByName) {
  ExecPlugin missing = shell("");
  missing.command = "no-such-credential-plugin";
  missing.install_hint = "install it";
  try {
    run_exec_plugin(missing, Config());
    ADD_FAILURE();
  } catch (const Error& e) {
    EXPECT_STREQ(e.what(),
                 "credential plugin no-such-credential-plugin: No such file or directory: install it");
  }
  EXPECT_THROW(run_exec_plugin(shell("exit 3"), Config()), Error);
}

TEST(Credentials, ATokenFileIsReadAgainAsItRotates) {
  const TempFile file;
  file.write("one\n");
  Config config;
  config.token_file = file.path();
  test::ManualTimers timers;
  net::Pool pool(1);
  Credentials credentials(config, timers, pool);
  EXPECT_EQ(token_of(credentials), "Bearer one");

  file.write("two\n");

  EXPECT_EQ(token_of(credentials), "Bearer one");
  timers.advance(61s);
  EXPECT_EQ(token_of(credentials), "Bearer two");
}

TEST(Credentials, ARefusedTokenIsReadAgainAtOnce) {
  const TempFile file;
  file.write("one");
  Config config;
  config.token_file = file.path();
  test::ManualTimers timers;
  net::Pool pool(1);
  Credentials credentials(config, timers, pool);
  const Credential used = net::run(credentials.current());
  file.write("two");

  EXPECT_TRUE(credentials.invalidate(used));

  EXPECT_EQ(token_of(credentials), "Bearer two");
}

TEST(Credentials, AnUnreadableTokenLeavesTheOldOneInUse) {
  const TempFile file;
  file.write("one");
  Config config;
  config.token_file = file.path();
  test::ManualTimers timers;
  net::Pool pool(1);
  Credentials credentials(config, timers, pool);
  EXPECT_EQ(token_of(credentials), "Bearer one");
  file.remove();
  timers.advance(10min);
  log::set_sink([](std::string_view) {});

  EXPECT_EQ(token_of(credentials), "Bearer one");
}

TEST(Credentials, APluginRunsOncePerExpiry) {
  const TempFile count;
  Config config;
  config.exec = shell(fmt::format(
      R"(echo x >> {}; echo '{{"kind":"ExecCredential","apiVersion":"{}","status":{{"token":"t","expirationTimestamp":"2023-11-14T23:13:20Z"}}}}')",
      count.path(), kApi));
  test::ManualTimers timers;  // begins an hour before that expiry
  net::Pool pool(1);
  Credentials credentials(config, timers, pool);
  const auto runs = [&count] { return std::filesystem::file_size(count.path()) / 2; };

  token_of(credentials);
  token_of(credentials);
  EXPECT_EQ(runs(), 1u);
  timers.advance(59min + 55s);
  token_of(credentials);
  EXPECT_EQ(runs(), 2u);
}

TEST(Credentials, AStaticTokenCannotBeRenewed) {
  Config config;
  config.authorization = Secret("Bearer s");
  test::ManualTimers timers;
  net::Pool pool(1);
  Credentials credentials(config, timers, pool);

  EXPECT_EQ(token_of(credentials), "Bearer s");
  EXPECT_FALSE(credentials.invalidate(net::run(credentials.current())));
}

}  // namespace
}  // namespace stash::kube
