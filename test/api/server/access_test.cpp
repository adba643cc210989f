#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/server/kubectl.hpp"
#include "stash/api/install.hpp"

// What the printed roles really allow, asked of a real API server as the ServiceAccounts themselves.

namespace stash::api {
namespace {

using test::Answer;
using test::kubectl;
using testing::HasSubstr;

class Access : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    InstallOptions options;
    options.ns = "stash";
    const Answer applied = test::apply(install_yaml(options));
    ASSERT_EQ(applied.status, 0) << applied.text;
    kubectl("create namespace demo");
    for (const char* role :
         {"stash-sidecar", "stash-restore-init-container", "stash-hook-exec", "stash-cron-job"})
      ASSERT_EQ(
          kubectl(
              fmt::format("-n demo create rolebinding {0} --clusterrole={0} --serviceaccount=demo:{0}", role))
              .status,
          0);
  }
  static void TearDownTestSuite() { kubectl("delete namespace stash demo --wait=false"); }

  static bool can(const std::string& account, const std::string& question) {
    return kubectl(fmt::format("auth can-i {} --as=system:serviceaccount:{}", question, account)).status == 0;
  }
  static Answer as_operator(const std::string& command) {
    return kubectl(command + " --dry-run=server --as=system:serviceaccount:stash:stash-operator");
  }
};

TEST_F(Access, LetsTheOperatorDoItsWorkEverywhere) {
  for (const char* question :
       {"watch backupconfigurations.stash.appscode.com -A",
        "patch repositories.stash.appscode.com --subresource=status -n demo",
        "delete backupsessions.stash.appscode.com -n demo", "patch deployments -n demo",
        "create cronjobs -n demo", "patch rolebindings -n demo", "list pods -n demo", "get secrets -n demo",
        "get namespaces", "create events -n demo", "patch lease/stash-operator -n stash",
        "update backupconfigurations.stash.appscode.com --subresource=finalizers -n demo"})
    EXPECT_TRUE(can("stash:stash-operator", question)) << question;
}

TEST_F(Access, KeepsTheOperatorFromTheRest) {
  for (const char* question :
       {"list secrets -n demo", "watch secrets -A", "create secrets -n demo", "create pods -n demo",
        "create pods --subresource=exec -n demo", "delete deployments -n demo", "get lease/other -n stash",
        "create leases -n demo", "create clusterroles", "escalate clusterroles", "create clusterrolebindings",
        "get nodes", "delete repositories.stash.appscode.com -n demo", "get pods -n demo",
        "update deployments -n demo", "get rolebindings -n demo", "get serviceaccounts -n demo"})
    EXPECT_FALSE(can("stash:stash-operator", question)) << question;
}

TEST_F(Access, LetsTheOperatorGrantWhatExecutorsNeedAndNoMore) {
  const std::string bind = "-n demo create rolebinding x --serviceaccount=demo:default ";
  EXPECT_EQ(as_operator(bind + "--clusterrole=stash-sidecar").status, 0);
  EXPECT_EQ(as_operator(bind + "--clusterrole=stash-restore-init-container").status, 0);
  EXPECT_EQ(as_operator(bind + "--clusterrole=stash-hook-exec").status, 0);
  EXPECT_EQ(as_operator(bind + "--clusterrole=stash-cron-job").status, 0);
  EXPECT_THAT(as_operator(bind + "--clusterrole=cluster-admin").text,
              HasSubstr("attempting to grant RBAC permissions"));
  EXPECT_THAT(as_operator(bind + "--clusterrole=edit").text,
              HasSubstr("attempting to grant RBAC permissions"));

  const std::string role = "-n demo create role x ";
  const Answer secret = as_operator(role + "--verb=get --resource=secrets --resource-name=store");
  EXPECT_EQ(secret.status, 0) << secret.text;
  EXPECT_EQ(as_operator(
                role + "--verb=patch --resource=repositories.stash.appscode.com/status --resource-name=store")
                .status,
            0);
  EXPECT_THAT(as_operator(role + "--verb=list --resource=secrets").text,
              HasSubstr("attempting to grant RBAC permissions"));
}

TEST_F(Access, GivesExecutorsTheirOwnSessionsOnly) {
  EXPECT_TRUE(can("demo:stash-sidecar", "watch backupsessions.stash.appscode.com -n demo"));
  EXPECT_TRUE(
      can("demo:stash-sidecar", "patch backupsessions.stash.appscode.com --subresource=status -n demo"));
  EXPECT_TRUE(can("demo:stash-sidecar", "create leases -n demo"));
  EXPECT_TRUE(can("demo:stash-restore-init-container",
                  "patch restoresessions.stash.appscode.com --subresource=status -n demo"));
  EXPECT_TRUE(can("demo:stash-cron-job", "create backupsessions.stash.appscode.com -n demo"));
  for (const char* account :
       {"demo:stash-sidecar", "demo:stash-restore-init-container", "demo:stash-cron-job"}) {
    for (const char* question :
         {"get secrets -n demo", "get repositories.stash.appscode.com -n demo",
          "delete backupsessions.stash.appscode.com -n demo", "patch deployments -n demo",
          "watch backupsessions.stash.appscode.com -n default", "create rolebindings -n demo"})
      EXPECT_FALSE(can(account, question)) << account << " " << question;
  }
  for (const char* account :
       {"demo:stash-sidecar", "demo:stash-restore-init-container", "demo:stash-cron-job"})
    EXPECT_FALSE(can(account, "create pods --subresource=exec -n demo")) << account;
  EXPECT_TRUE(can("demo:stash-hook-exec", "create pods --subresource=exec -n demo"));
  EXPECT_TRUE(can("demo:stash-hook-exec", "get pods --subresource=exec -n demo"));
}

TEST_F(Access, ExtendsTheRolesOfUsers) {
  ASSERT_EQ(kubectl("-n demo create rolebinding anna --clusterrole=edit --user=anna").status, 0);
  ASSERT_EQ(kubectl("-n demo create rolebinding otto --clusterrole=view --user=otto").status, 0);
  EXPECT_EQ(kubectl("auth can-i create backupconfigurations.stash.appscode.com -n demo --as=anna").status, 0);
  EXPECT_EQ(kubectl("auth can-i list backupsessions.stash.appscode.com -n demo --as=otto").status, 0);
  EXPECT_NE(kubectl("auth can-i create backupsessions.stash.appscode.com -n demo --as=otto").status, 0);
}

}  // namespace
}  // namespace stash::api
