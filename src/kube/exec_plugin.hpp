#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "stash/base/secret.hpp"
#include "stash/base/time.hpp"
#include "stash/kube/config.hpp"

/// Credential plugins: https://kubernetes.io/docs/reference/config-api/client-authentication.v1/
namespace stash::kube {

/// What identifies us to the API server for a while.
struct Credential {
  Secret authorization;  ///< whole header value, or empty
  std::string client_cert_pem;
  Secret client_key_pem;
  std::optional<TimePoint> expires;

  Credential() {}
  bool operator==(const Credential&) const = default;
};

/// The ExecCredential object that the plugin finds in KUBERNETES_EXEC_INFO.
std::string exec_info(const ExecPlugin& plugin, const Config& config);

/// Reads the ExecCredential that a plugin printed. Throws Error(Invalid) that names the plugin and what is
/// wrong, never the text itself.
Credential read_exec_credential(std::string_view output, const ExecPlugin& plugin);

/// Runs the plugin, at most a minute; its standard error goes to ours, so that it can say what to do. Blocks.
/// Throws Error(Denied) when it fails, NotFound with the install hint when it is not there.
Credential run_exec_plugin(const ExecPlugin& plugin, const Config& config);

}  // namespace stash::kube
