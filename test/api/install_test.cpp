#include "stash/api/install.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "stash/api/crd.hpp"
#include "stash/base/error.hpp"
#include "stash/json/value.hpp"

namespace stash::api {
namespace {

using testing::HasSubstr;
using testing::Not;

/// The file must hold exactly `printed`. With STASH_UPDATE_GOLDEN in the environment it is written instead.
void expect_golden(const std::string& file, const std::string& printed) {
  const std::string path = STASH_SOURCE_DIR "/manifests/" + file;
  if (std::getenv("STASH_UPDATE_GOLDEN")) std::ofstream(path) << printed;
  std::ostringstream kept;
  kept << std::ifstream(path).rdbuf();
  EXPECT_EQ(kept.str(), printed) << "if this change is meant, run the test with STASH_UPDATE_GOLDEN=1";
}

TEST(Install, PrintsWhatTheManifestsHold) {
  expect_golden("crds.yaml", crds_yaml());
  expect_golden("operator.yaml", operator_yaml({}));
  EXPECT_EQ(install_yaml({}), crds_yaml() + operator_yaml({}));
}

TEST(Install, PutsTheOptionsInTheirPlaces) {
  InstallOptions options;
  options.ns = "backups";
  options.image = "registry.example.net/stash:1";
  options.pushgateway_image = "registry.example.net/gateway:2";
  options.image_pull_policy = "Always";
  const std::string yaml = operator_yaml(options);
  EXPECT_THAT(yaml, HasSubstr("  namespace: backups\n"));
  EXPECT_THAT(yaml, HasSubstr("image: registry.example.net/stash:1\n"));
  EXPECT_THAT(yaml, HasSubstr("\"--image=registry.example.net/stash:1\""));
  EXPECT_THAT(yaml, HasSubstr("image: registry.example.net/gateway:2\n"));
  EXPECT_THAT(yaml, HasSubstr("imagePullPolicy: Always\n"));
  EXPECT_THAT(yaml, HasSubstr("\"--pushgateway-url=http://stash-pushgateway.backups.svc:56789\""));
  EXPECT_THAT(yaml, Not(HasSubstr("namespace: stash\n")));
}

TEST(Install, GivesThePushgatewayItsOwnDeploymentBesideSeveralOperators) {
  InstallOptions options;
  options.replicas = 2;
  const std::string yaml = operator_yaml(options);
  EXPECT_THAT(yaml, HasSubstr("  replicas: 2\n"));
  EXPECT_THAT(yaml, HasSubstr("kind: Deployment\nmetadata:\n  name: stash-pushgateway\n"));
  EXPECT_THAT(operator_yaml({}), Not(HasSubstr("kind: Deployment\nmetadata:\n  name: stash-pushgateway\n")));
}

TEST(Install, DoesNotDescribeNamespacesOfOthers) {
  InstallOptions options;
  options.ns = "kube-system";
  EXPECT_THAT(operator_yaml(options), Not(HasSubstr("kind: Namespace\n")));
}

TEST(Install, RefusesOptionsThatCannotBe) {
  const auto refused = [](auto change) {
    InstallOptions options;
    change(options);
    EXPECT_THROW(operator_yaml(options), Error);
  };
  refused([](InstallOptions& o) { o.ns = "Not a name"; });
  refused([](InstallOptions& o) { o.ns = ""; });
  refused([](InstallOptions& o) { o.image = ""; });
  refused([](InstallOptions& o) { o.image_pull_policy = "Sometimes"; });
  refused([](InstallOptions& o) { o.replicas = 0; });
}

std::string cluster_role(const std::string& yaml, const std::string& name) {
  const auto begin = yaml.find("kind: ClusterRole\nmetadata:\n  name: " + name + "\n");
  if (begin == std::string::npos) throw Error(ErrorKind::NotFound, "ClusterRole {}", name);
  return yaml.substr(begin, yaml.find("---\n", begin) - begin);
}

TEST(Install, GrantsCommandsInPodsByOneRoleAlone) {
  const std::string yaml = operator_yaml({});
  for (const char* role :
       {"stash-operator", "stash-sidecar", "stash-restore-init-container", "stash-cron-job"})
    EXPECT_THAT(cluster_role(yaml, role), Not(HasSubstr("pods/exec"))) << role;
  EXPECT_THAT(cluster_role(yaml, "stash-hook-exec"), HasSubstr("- pods/exec\n"));
  EXPECT_THAT(cluster_role(yaml, "stash-operator"), HasSubstr("- stash-hook-exec\n"));
}

TEST(Install, GrantsExecutorsNoSecretAndNoRepository) {
  const std::string yaml = operator_yaml({});
  for (const char* role :
       {"stash-sidecar", "stash-restore-init-container", "stash-hook-exec", "stash-cron-job"}) {
    const std::string text = cluster_role(yaml, role);
    EXPECT_THAT(text, Not(HasSubstr("- secrets\n"))) << role;
    EXPECT_THAT(text, Not(HasSubstr("- repositories\n"))) << role;
    EXPECT_THAT(text, Not(HasSubstr("\"*\""))) << role;
  }
}

TEST(CrdTexts, NameEveryKindWithItsColumnsAndShortNames) {
  const auto texts = crds();
  ASSERT_EQ(texts.size(), 4u);
  const json::Document repository = json::parse(texts[0], "CRD");
  EXPECT_EQ(json::text(repository, "metadata", "name"), "repositories.stash.appscode.com");
  EXPECT_EQ(json::find(repository, "spec", "names", "shortNames")->GetArray()[0].GetString(),
            std::string("repo"));
  const json::Value& version = json::find(repository, "spec", "versions")->GetArray()[0];
  EXPECT_EQ(json::text(version, "name"), "v1alpha1");
  EXPECT_NE(json::find(version, "subresources", "status"), nullptr);
  EXPECT_EQ(json::find(version, "additionalPrinterColumns")->Size(), 5u);
}

}  // namespace
}  // namespace stash::api
