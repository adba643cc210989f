#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "stash/base/secret.hpp"
#include "stash/net/http.hpp"

namespace stash::kube {

/// A program that hands out credentials (client.authentication.k8s.io/v1 or v1beta1).
struct ExecPlugin {
  std::string api_version;
  std::string command;  ///< absolute, or found in PATH
  std::vector<std::string> args;
  std::vector<std::pair<std::string, std::string>> env;
  std::string install_hint;
  bool provide_cluster_info = false;
};

/// Everything needed to talk to one API server.
struct Config {
  std::string server;      ///< "https://10.96.0.1:443", perhaps with a path in front of /api
  std::string ns;          ///< namespace meant when none is named
  net::TlsOptions tls;     ///< with the static client certificate, if any
  Secret authorization;    ///< whole Authorization header value; empty when another way is used
  std::string token_file;  ///< bearer token that is read again as it rotates; empty: none
  std::optional<ExecPlugin> exec;

  Config() {}
};

/// Where to look, in this order: `kubeconfig`, $KUBECONFIG (several files, ':' between them), the pod's
/// service account, ~/.kube/config.
struct ConfigOptions {
  std::string kubeconfig;  ///< --kubeconfig
  std::string context;     ///< --context; empty: current-context
  std::string service_account = "/var/run/secrets/kubernetes.io/serviceaccount";
  /// Value of an environment variable, "" when unset.
  std::function<std::string(const char*)> env;

  ConfigOptions();
};

/// Throws Error(Invalid) that names file and field, NotFound when there is nothing to read, Denied when a
/// file may not be read, Unsupported for what this client does not do (proxy-url, auth-provider,
/// impersonation).
Config load_config(const ConfigOptions& options);

/// The pod's service account; throws Error(NotFound) outside a pod.
Config in_cluster_config(const ConfigOptions& options);

/// One kubeconfig text and the file it stands in; relative paths in it are taken from that file's folder.
struct KubeconfigFile {
  std::string path;
  std::string text;
};

/// Merges the files (of entries with one name, the first wins, as kubectl does) and resolves a context.
Config kubeconfig(const std::vector<KubeconfigFile>& files, std::string_view context);

}  // namespace stash::kube
