#include "stash/kube/config.hpp"

#include <cstdlib>

#include "kube/files.hpp"
#include "stash/base/error.hpp"

namespace stash::kube {
namespace {

std::vector<std::string> split_paths(std::string_view text) {
  std::vector<std::string> out;
  while (!text.empty()) {
    const auto end = text.find(':');
    if (end != 0) out.emplace_back(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return out;
}

/// The files of $KUBECONFIG that exist: like kubectl, a missing one among several is passed over.
std::vector<KubeconfigFile> existing(const std::vector<std::string>& paths) {
  std::vector<KubeconfigFile> out;
  for (const std::string& path : paths) {
    try {
      out.push_back(KubeconfigFile{path, read_file(path)});
    } catch (const Error& e) {
      if (e.kind() != ErrorKind::NotFound) throw;
    }
  }
  return out;
}

}  // namespace

ConfigOptions::ConfigOptions()
    : env([](const char* name) {
        const char* value = std::getenv(name);
        return std::string(value ? value : "");
      }) {}

Config in_cluster_config(const ConfigOptions& options) {
  const std::string host = options.env("KUBERNETES_SERVICE_HOST");
  const std::string port = options.env("KUBERNETES_SERVICE_PORT");
  if (host.empty() || port.empty())
    throw Error(ErrorKind::NotFound,
                "not in a pod: KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set");
  Config config;
  const bool ipv6 = host.find(':') != std::string::npos && !host.starts_with('[');
  config.server = fmt::format(fmt::runtime(ipv6 ? "https://[{}]:{}" : "https://{}:{}"), host, port);
  config.tls.ca_pem = read_file(options.service_account + "/ca.crt");
  config.token_file = options.service_account + "/token";
  read_file(config.token_file);  // a pod without a mounted token is told now, not at the first call
  try {
    config.ns = trimmed(read_file(options.service_account + "/namespace"));
  } catch (const Error& e) {
    if (e.kind() != ErrorKind::NotFound) throw;
  }
  return config;
}

Config load_config(const ConfigOptions& options) {
  if (!options.kubeconfig.empty())
    return kubeconfig({KubeconfigFile{options.kubeconfig, read_file(options.kubeconfig)}}, options.context);
  if (const auto paths = split_paths(options.env("KUBECONFIG")); !paths.empty()) {
    const auto files = existing(paths);
    if (files.empty())
      throw Error(ErrorKind::NotFound, "KUBECONFIG={}: no such file", options.env("KUBECONFIG"));
    return kubeconfig(files, options.context);
  }
  if (options.context.empty() && !options.env("KUBERNETES_SERVICE_HOST").empty())
    return in_cluster_config(options);
  const std::string home = options.env("HOME");
  const auto files = home.empty() ? std::vector<KubeconfigFile>() : existing({home + "/.kube/config"});
  if (files.empty())
    throw Error(
        ErrorKind::NotFound,
        "no way to the API server: not in a pod, and neither --kubeconfig, KUBECONFIG nor ~/.kube/config "
        "names a kubeconfig");
  return kubeconfig(files, options.context);
}

}  // namespace stash::kube
