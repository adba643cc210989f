#include "stash/kube/config.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>

#include "stash/base/error.hpp"
#include "support/temp_dir.hpp"

namespace stash::kube {
namespace {

/// A folder of files.
class Folder {
 public:
  std::string write(const std::string& name, std::string_view text) const {
    const std::string path = folder_ / name;
    std::filesystem::create_directories(std::filesystem::path(path).parent_path());
    std::ofstream(path) << text;
    return path;
  }
  const std::string& path() const { return folder_.path(); }

 private:
  test::TempDir folder_;
};

/// A kubeconfig with one of everything; `cluster` and `user` are the bodies in flow style.
std::string file(std::string_view cluster, std::string_view user) {
  return fmt::format(R"(
apiVersion: v1
kind: Config
current-context: main
contexts:
- name: broken
  context: {{cluster: nowhere, user: nobody}}
- name: main
  context: {{cluster: c, user: u, namespace: demo}}
clusters:
- name: c
  cluster: {}
users:
- name: u
  user: {}
)",
                     cluster, user);
}

Config load(std::string text, std::string_view context = "") {
  return kubeconfig({KubeconfigFile{"/etc/kube/config", std::move(text)}}, context);
}

std::string fault_of(std::string text, std::string_view context = "") {
  try {
    load(std::move(text), context);
  } catch (const Error& e) {
    return e.what();
  }
  return "no fault";
}

TEST(Kubeconfig, ResolvesTheCurrentContext) {
  const Config config =
      load(file("{server: 'https://h:6443', tls-server-name: n, certificate-authority-data: Y2E=}",
                "{client-certificate-data: Y2VydA==, client-key-data: a2V5}"));

  EXPECT_EQ(config.server, "https://h:6443");
  EXPECT_EQ(config.ns, "demo");
  EXPECT_EQ(config.tls.ca_pem, "ca");
  EXPECT_EQ(config.tls.server_name, "n");
  EXPECT_EQ(config.tls.client_cert_pem, "cert");
  EXPECT_EQ(config.tls.client_key_pem.reveal(), "key");
  EXPECT_FALSE(config.tls.insecure);
}

TEST(Kubeconfig, KnowsEveryWayToIdentify) {
  EXPECT_EQ(load(file("{server: 'https://h'}", "{token: t}")).authorization.reveal(), "Bearer t");
  EXPECT_EQ(load(file("{server: 'https://h'}", "{username: a, password: b}")).authorization.reveal(),
            "Basic YTpi");
  EXPECT_EQ(load(file("{server: 'https://h'}", "{tokenFile: sub/token}")).token_file, "/etc/kube/sub/token");
  const auto exec =
      load(file("{server: 'https://h'}",
                "{exec: {apiVersion: client.authentication.k8s.io/v1beta1, command: ./login, args: [a, b], "
                "env: [{name: X, value: 'y'}], installHint: get it, provideClusterInfo: true}}"))
          .exec;
  ASSERT_TRUE(exec);
  EXPECT_EQ(exec->command, "/etc/kube/./login");
  EXPECT_EQ(exec->args, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(exec->env.at(0).second, "y");
  EXPECT_TRUE(exec->provide_cluster_info);
}

TEST(Kubeconfig, OfEntriesWithOneNameTheFirstFileWins) {
  const KubeconfigFile first{"/a", "current-context: main\nusers: [{name: u, user: {token: first}}]\n"};
  const KubeconfigFile second{"/b", file("{server: 'https://h'}", "{token: second}")};

  EXPECT_EQ(kubeconfig({first, second}, "").authorization.reveal(), "Bearer first");
  EXPECT_EQ(kubeconfig({second, first}, "").authorization.reveal(), "Bearer second");
}

TEST(Kubeconfig, ReadsFilesRelativeToItself) {
  const Folder folder;
  folder.write("pki/ca.crt", "authority");
  const std::string path =
      folder.write("config", file("{server: 'https://h', certificate-authority: pki/ca.crt}", "{token: t}"));
  ConfigOptions options;
  options.kubeconfig = path;

  EXPECT_EQ(load_config(options).tls.ca_pem, "authority");
}

TEST(Kubeconfig, EveryFaultNamesFileAndField) {
  const std::string ok_user = "{token: t}";
  const std::string ok_cluster = "{server: 'https://h'}";
  EXPECT_EQ(fault_of(file("{}", ok_user)),
            "/etc/kube/config: clusters[0].cluster.server: is required, for example https://10.0.0.1:6443");
  EXPECT_EQ(fault_of(file("{server: 'https://h', certificate-authority-data: '*'}", ok_user)),
            "/etc/kube/config: clusters[0].cluster.certificate-authority-data: not base64");
  EXPECT_EQ(fault_of(file("{server: 'https://h', insecure-skip-tls-verify: maybe}", ok_user)),
            "/etc/kube/config: clusters[0].cluster.insecure-skip-tls-verify: want true or false");
  EXPECT_EQ(fault_of(file(ok_cluster, "{client-certificate-data: Y2E=}")),
            "/etc/kube/config: users[0].user.client-certificate: client-certificate and client-key go "
            "together; one of "
            "them is missing");
  EXPECT_EQ(fault_of(file(ok_cluster, "{client-key: /no/such/key}")),
            "/etc/kube/config: users[0].user.client-key: read /no/such/key: No such file or directory");
  EXPECT_EQ(fault_of(file(ok_cluster, "{exec: {apiVersion: v7, command: x}}")),
            "/etc/kube/config: users[0].user.exec.apiVersion: \"v7\" is not known; want "
            "client.authentication.k8s.io/v1 or v1beta1");
  EXPECT_EQ(fault_of(file(ok_cluster, ok_user), "other"),
            "/etc/kube/config: contexts: there is no context \"other\"");
  EXPECT_EQ(fault_of(file(ok_cluster, ok_user), "broken"),
            "/etc/kube/config: clusters: there is no cluster \"nowhere\"");
  EXPECT_EQ(fault_of("contexts: []"),
            "/etc/kube/config: current-context: is not set; set it or give --context");
  EXPECT_EQ(fault_of("[]"), "/etc/kube/config: not a kubeconfig: want clusters, users and contexts");
  EXPECT_NE(fault_of("a: [b").find("/etc/kube/config: not YAML"), std::string::npos);
}

TEST(Kubeconfig, SaysWhatItDoesNotDoInsteadOfPassingItOver) {
  for (const char* user : {"{as: admin}", "{as-groups: [g]}", "{auth-provider: {name: gcp}}"})
    EXPECT_NE(fault_of(file("{server: 'https://h'}", user)), "no fault") << user;
  EXPECT_NE(fault_of(file("{server: 'https://h', proxy-url: 'http://p'}", "{token: t}")), "no fault");
}

ConfigOptions options_with(std::map<std::string, std::string> env) {
  ConfigOptions options;
  options.env = [env = std::move(env)](const char* name) {
    const auto it = env.find(name);
    return it == env.end() ? std::string() : it->second;
  };
  return options;
}

TEST(LoadConfig, InAPodTheServiceAccountIsUsed) {
  const Folder folder;
  folder.write("token", "t\n");
  folder.write("ca.crt", "authority");
  folder.write("namespace", "stash\n");
  ConfigOptions options =
      options_with({{"KUBERNETES_SERVICE_HOST", "fd00::1"}, {"KUBERNETES_SERVICE_PORT", "443"}});
  options.service_account = folder.path();

  const Config config = load_config(options);

  EXPECT_EQ(config.server, "https://[fd00::1]:443");
  EXPECT_EQ(config.ns, "stash");
  EXPECT_EQ(config.tls.ca_pem, "authority");
  EXPECT_EQ(config.token_file, folder.path() + "/token");
}

TEST(LoadConfig, APodWithoutATokenIsToldSo) {
  const Folder folder;
  folder.write("ca.crt", "authority");
  ConfigOptions options =
      options_with({{"KUBERNETES_SERVICE_HOST", "h"}, {"KUBERNETES_SERVICE_PORT", "443"}});
  options.service_account = folder.path();

  EXPECT_THROW(load_config(options), Error);
}

TEST(LoadConfig, MissingFilesAmongSeveralArePassedOver) {
  const Folder folder;
  const std::string real = folder.write("config", file("{server: 'https://h'}", "{token: t}"));
  EXPECT_EQ(load_config(options_with({{"KUBECONFIG", "/no/such:" + real}})).server, "https://h");
  EXPECT_THROW(load_config(options_with({{"KUBECONFIG", "/no/such"}})), Error);
}

TEST(LoadConfig, TheHomeFolderComesLast) {
  const Folder folder;
  folder.write(".kube/config", file("{server: 'https://home'}", "{token: t}"));

  EXPECT_EQ(load_config(options_with({{"HOME", folder.path()}})).server, "https://home");
  EXPECT_THROW(load_config(options_with({})), Error);
}

}  // namespace
}  // namespace stash::kube
