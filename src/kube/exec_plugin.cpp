#include "kube/exec_plugin.hpp"

#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <optional>

#include "stash/base/bytes.hpp"
#include "stash/base/child.hpp"
#include "stash/base/error.hpp"
#include "stash/json/value.hpp"

namespace stash::kube {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr auto kTimeLimit = std::chrono::seconds(60);
constexpr std::size_t kOutputLimit = std::size_t{1} << 20;

/// The environment of the child: ours, the plugin's own, and what the plugin is to know.
std::vector<std::string> environment(const ExecPlugin& plugin, const Config& config) {
  std::vector<std::string> out = own_variables();
  for (const auto& [name, value] : plugin.env) {
    std::erase_if(out, [&name = name](const std::string& entry) { return entry.starts_with(name + "="); });
    out.push_back(fmt::format("{}={}", name, value));
  }
  std::erase_if(out, [](const std::string& entry) { return entry.starts_with("KUBERNETES_EXEC_INFO="); });
  out.push_back("KUBERNETES_EXEC_INFO=" + exec_info(plugin, config));
  return out;
}

void start(const ExecPlugin& plugin, const Config& config, std::optional<Child>& child) {
  std::vector<std::string> words{plugin.command};
  words.insert(words.end(), plugin.args.begin(), plugin.args.end());
  try {
    child.emplace(std::move(words), environment(plugin, config));
  } catch (const Error& e) {
    const std::string hint = plugin.install_hint.empty() ? "" : ": " + plugin.install_hint;
    throw Error(e.kind() == ErrorKind::NotFound ? ErrorKind::NotFound : ErrorKind::Denied,
                "credential plugin {}{}", e.what(), hint);
  }
}

Error too_late(const ExecPlugin& plugin) {
  return Error(ErrorKind::Unavailable, "credential plugin {}: no answer within 60s", plugin.command);
}

std::string read_all(const Child& child, const ExecPlugin& plugin, SteadyClock::time_point deadline) {
  std::string out;
  std::array<char, 4096> chunk;
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - SteadyClock::now()).count();
    pollfd wanted{child.output(), POLLIN, 0};
    const int ready = left > 0 ? ::poll(&wanted, 1, static_cast<int>(left)) : 0;
    if (ready < 0 && errno == EINTR) continue;
    if (ready < 0) throw errno_error(errno, "poll");
    if (ready == 0) throw too_late(plugin);
    const ssize_t got = ::read(child.output(), chunk.data(), chunk.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw errno_error(errno, "read from credential plugin");
    if (got == 0) return out;
    out.append(chunk.data(), static_cast<std::size_t>(got));
    if (out.size() > kOutputLimit)
      throw Error(ErrorKind::Invalid, "credential plugin {}: printed more than 1 MiB", plugin.command);
  }
}

/// One that closed its output may run on.
int wait_for_end(Child& child, const ExecPlugin& plugin, SteadyClock::time_point deadline) {
  for (;;) {
    if (const auto status = child.wait()) return *status;
    if (SteadyClock::now() >= deadline) throw too_late(plugin);
  }
}

std::string cluster_info(const Config& config) {
  std::string out = fmt::format(R"("server":{})", json::quote(config.server));
  if (!config.tls.server_name.empty())
    out += fmt::format(R"(,"tls-server-name":{})", json::quote(config.tls.server_name));
  if (config.tls.insecure) out += R"(,"insecure-skip-tls-verify":true)";
  if (!config.tls.ca_pem.empty())
    out += fmt::format(R"(,"certificate-authority-data":"{}")", to_base64(as_bytes(config.tls.ca_pem)));
  return fmt::format(R"(,"cluster":{{{}}})", out);
}

}  // namespace

std::string exec_info(const ExecPlugin& plugin, const Config& config) {
  return fmt::format(R"({{"kind":"ExecCredential","apiVersion":{},"spec":{{"interactive":false{}}}}})",
                     json::quote(plugin.api_version),
                     plugin.provide_cluster_info ? cluster_info(config) : "");
}

Credential read_exec_credential(std::string_view output, const ExecPlugin& plugin) {
  const auto fail = [&plugin](std::string_view why) {
    return Error(ErrorKind::Invalid, "credential plugin {}: {}", plugin.command, why);
  };
  const std::string what = fmt::format("credential plugin {}", plugin.command);
  const json::Document object = json::parse(output, what);
  if (json::text(object, "kind") != "ExecCredential") throw fail("did not print an ExecCredential");
  if (json::text(object, "apiVersion") != plugin.api_version)
    throw fail(fmt::format("answered in apiVersion \"{}\", asked for {}", json::text(object, "apiVersion"),
                           plugin.api_version));
  Credential out;
  if (const auto token = json::text(object, "status", "token"); !token.empty())
    out.authorization = Secret("Bearer " + std::string(token));
  out.client_cert_pem = json::text(object, "status", "clientCertificateData");
  out.client_key_pem = Secret(std::string(json::text(object, "status", "clientKeyData")));
  if (out.client_cert_pem.empty() != out.client_key_pem.empty())
    throw fail("gave only one of status.clientCertificateData and status.clientKeyData");
  if (out.authorization.empty() && out.client_cert_pem.empty())
    throw fail("gave neither status.token nor a client certificate");
  if (const auto expiry = json::text(object, "status", "expirationTimestamp"); !expiry.empty()) {
    out.expires = parse_time(expiry);
    if (!out.expires) throw fail("status.expirationTimestamp is not an RFC 3339 time");
  }
  return out;
}

Credential run_exec_plugin(const ExecPlugin& plugin, const Config& config) {
  const auto deadline = SteadyClock::now() + kTimeLimit;
  std::optional<Child> child;
  start(plugin, config, child);
  std::string output = read_all(*child, plugin, deadline);
  const int status = wait_for_end(*child, plugin, deadline);
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
    throw Error(ErrorKind::Denied, "credential plugin {}: {}", plugin.command,
                WIFEXITED(status) ? fmt::format("exited with code {}", WEXITSTATUS(status))
                                  : fmt::format("ended by signal {}", WTERMSIG(status)));
  Secret kept(std::move(output));
  return read_exec_credential(kept.reveal(), plugin);
}

}  // namespace stash::kube
