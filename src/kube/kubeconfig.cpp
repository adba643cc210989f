// A kubeconfig is three lists of named entries (clusters, users, contexts) and the name of the current
// context. Only the entries that the chosen context names are looked into, so that a fault elsewhere in the
// file is no hindrance.

#include <yaml-cpp/yaml.h>

#include <filesystem>

#include "kube/files.hpp"
#include "stash/base/bytes.hpp"
#include "stash/base/error.hpp"
#include "stash/kube/config.hpp"

namespace stash::kube {
namespace {

/// A node of the file with its place in it, for messages and for relative paths.
class Place {
 public:
  Place(const std::string& file, std::string where, const YAML::Node& node)
      : file_(file), where_(std::move(where)), node_(node) {}

  Place at(const std::string& key) const {
    return {file_, where_.empty() ? key : where_ + "." + key, has(key) ? node_[key] : YAML::Node()};
  }
  bool has(const std::string& key) const {
    if (!node_.IsMap()) return false;
    const YAML::Node found = node_[key];
    return found.IsDefined() && !found.IsNull();
  }
  bool present() const { return node_.IsDefined() && !node_.IsNull(); }
  bool is_map() const { return node_.IsMap(); }

  /// "" when absent.
  std::string text() const {
    if (!present()) return {};
    if (!node_.IsScalar()) fail("want text");
    return node_.Scalar();
  }
  bool flag() const {
    const std::string value = text();
    if (value.empty() || value == "false") return false;
    if (value != "true") fail("want true or false");
    return true;
  }
  /// Text, or the file it names relative to the kubeconfig's folder.
  std::string path() const { return resolved(text()); }
  std::string resolved(const std::string& path) const {
    if (path.empty() || path.front() == '/') return path;
    return (std::filesystem::path(file_).parent_path() / path).string();
  }
  /// The bytes given inline as base64 under `key`-data, or in the file that `key` names; inline wins, as in
  /// kubectl.
  std::string bytes(const std::string& key) const {
    if (const Place inline_data = at(key + "-data"); inline_data.present()) {
      auto decoded = from_base64(inline_data.text());
      if (!decoded) inline_data.fail("not base64");
      return *std::move(decoded);
    }
    const Place named = at(key);
    return named.present() ? named.read(named.path()) : std::string();
  }
  std::string read(const std::string& path) const {
    return doing(fmt::format("{}: {}", file_, where_), [&path] { return read_file(path); });
  }
  std::vector<Place> items() const {
    std::vector<Place> out;
    if (!present()) return out;
    if (!node_.IsSequence()) fail("want a list");
    for (std::size_t i = 0; i < node_.size(); ++i)
      out.emplace_back(file_, fmt::format("{}[{}]", where_, i), node_[i]);
    return out;
  }
  template <class... Args>
  [[noreturn]] void fail(fmt::format_string<Args...> text, Args&&... args) const {
    throw Error(ErrorKind::Invalid, "{}: {}: {}", file_, where_,
                fmt::format(text, std::forward<Args>(args)...));
  }
  [[noreturn]] void unsupported(std::string_view why) const {
    throw Error(ErrorKind::Unsupported, "{}: {}: {}", file_, where_, why);
  }

 private:
  const std::string& file_;
  std::string where_;
  YAML::Node node_;
};

Place parse(const KubeconfigFile& file) try {
  return {file.path, "", YAML::Load(file.text)};
} catch (const YAML::Exception& e) {
  throw Error(ErrorKind::Invalid, "{}: not YAML: {}", file.path, e.what());
}

/// The body (`kind`) of the entry called `name` in the list `list`; the first file that has one wins.
Place entry(const std::vector<Place>& files, const std::string& list, const std::string& kind,
            const std::string& name) {
  for (const Place& file : files)
    for (const Place& item : file.at(list).items())
      if (item.at("name").text() == name) {
        if (!item.at(kind).is_map()) item.at(kind).fail("want the settings of {} \"{}\"", kind, name);
        return item.at(kind);
      }
  files.front().at(list).fail("there is no {} \"{}\"", kind, name);
}

std::string current_context(const std::vector<Place>& files) {
  for (const Place& file : files)
    if (std::string name = file.at("current-context").text(); !name.empty()) return name;
  files.front().at("current-context").fail("is not set; set it or give --context");
}

void read_cluster(const Place& cluster, Config& config) {
  config.server = cluster.at("server").text();
  if (config.server.empty()) cluster.at("server").fail("is required, for example https://10.0.0.1:6443");
  if (cluster.has("proxy-url"))
    cluster.at("proxy-url").unsupported("a proxy before the API server is not supported");
  config.tls.insecure = cluster.at("insecure-skip-tls-verify").flag();
  config.tls.server_name = cluster.at("tls-server-name").text();
  config.tls.ca_pem = cluster.bytes("certificate-authority");
  if (config.tls.insecure && !config.tls.ca_pem.empty())
    cluster.at("insecure-skip-tls-verify").fail("certificate-authority is given too; use one of them");
}

ExecPlugin read_exec(const Place& exec) {
  ExecPlugin plugin;
  plugin.api_version = exec.at("apiVersion").text();
  if (plugin.api_version != "client.authentication.k8s.io/v1" &&
      plugin.api_version != "client.authentication.k8s.io/v1beta1")
    exec.at("apiVersion")
        .fail("\"{}\" is not known; want client.authentication.k8s.io/v1 or v1beta1", plugin.api_version);
  plugin.command = exec.at("command").text();
  if (plugin.command.empty()) exec.at("command").fail("is required");
  // A command with a slash is relative to the kubeconfig; a bare name is looked up in PATH.
  if (plugin.command.find('/') != std::string::npos) plugin.command = exec.resolved(plugin.command);
  for (const Place& arg : exec.at("args").items()) plugin.args.push_back(arg.text());
  for (const Place& pair : exec.at("env").items())
    plugin.env.emplace_back(pair.at("name").text(), pair.at("value").text());
  plugin.install_hint = exec.at("installHint").text();
  plugin.provide_cluster_info = exec.at("provideClusterInfo").flag();
  if (exec.at("interactiveMode").text() == "Always")
    exec.at("interactiveMode")
        .unsupported("a credential plugin that must read from the terminal is not supported");
  return plugin;
}

void read_user(const Place& user, Config& config) {
  for (const char* key : {"as", "as-uid", "as-groups", "as-user-extra"})
    if (user.has(key)) user.at(key).unsupported("impersonation is not supported");
  if (user.has("auth-provider"))
    user.at("auth-provider").unsupported("was removed from Kubernetes; use an exec credential plugin");
  config.tls.client_cert_pem = user.bytes("client-certificate");
  config.tls.client_key_pem = Secret(user.bytes("client-key"));
  if (config.tls.client_cert_pem.empty() != config.tls.client_key_pem.empty())
    user.at("client-certificate")
        .fail("client-certificate and client-key go together; one of them is missing");
  if (user.has("tokenFile")) {
    config.token_file = user.at("tokenFile").path();
  } else if (user.has("token")) {
    config.authorization = Secret("Bearer " + user.at("token").text());
  } else if (user.has("username")) {
    const std::string pair = user.at("username").text() + ":" + user.at("password").text();
    config.authorization = Secret("Basic " + to_base64(as_bytes(pair)));
  } else if (user.has("exec")) {
    config.exec = read_exec(user.at("exec"));
  }
}

}  // namespace

Config kubeconfig(const std::vector<KubeconfigFile>& files, std::string_view context) {
  std::vector<Place> parsed;
  for (const KubeconfigFile& file : files) {
    parsed.push_back(parse(file));
    if (!parsed.back().is_map())
      throw Error(ErrorKind::Invalid, "{}: not a kubeconfig: want clusters, users and contexts", file.path);
  }
  if (parsed.empty()) throw Error(ErrorKind::NotFound, "no kubeconfig");
  const std::string chosen = context.empty() ? current_context(parsed) : std::string(context);
  const Place place = entry(parsed, "contexts", "context", chosen);
  Config config;
  config.ns = place.at("namespace").text();
  if (config.ns.empty()) config.ns = "default";
  read_cluster(entry(parsed, "clusters", "cluster", place.at("cluster").text()), config);
  if (const std::string user = place.at("user").text(); !user.empty())
    read_user(entry(parsed, "users", "user", user), config);
  return config;
}

}  // namespace stash::kube
