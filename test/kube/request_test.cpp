#include "kube/request.hpp"

#include <gtest/gtest.h>

#include "stash/kube/resources.hpp"

namespace stash::kube {
namespace {

std::string content_type(const net::Request& request) {
  return std::string(net::header(request.headers, "Content-Type"));
}

TEST(Request, NamesObjectsByGroupNamespaceAndPlural) {
  EXPECT_EQ(find_request(kPod, Ref("demo", "web-0")).target, "/api/v1/namespaces/demo/pods/web-0");
  EXPECT_EQ(find_request(kDeployment, Ref("demo", "web")).target,
            "/apis/apps/v1/namespaces/demo/deployments/web");
  EXPECT_EQ(find_request(kNamespace, Ref("", "demo")).target, "/api/v1/namespaces/demo");
  EXPECT_EQ(find_request(kClusterRole, Ref("", "system:node")).target,
            "/apis/rbac.authorization.k8s.io/v1/clusterroles/system%3Anode");
}

TEST(Request, RefusesNamesThatWouldNameSomethingElse) {
  for (const char* bad : {"", ".", "..", "a/b", "a%2fb"}) {
    EXPECT_THROW(find_request(kSecret, Ref("demo", bad)), Error) << bad;
    EXPECT_THROW(find_request(kSecret, Ref(bad, "name")), Error) << bad;
  }
}

TEST(Request, ListsOneNamespaceOrAllOfThem) {
  ListOptions options;
  EXPECT_EQ(list_request(kJob, options).target, "/apis/batch/v1/jobs?limit=100");

  options.ns = "demo";
  options.label_selector = "a=b,c!=d";
  options.resource_version = "0";
  EXPECT_EQ(list_request(kJob, options).target,
            "/apis/batch/v1/namespaces/demo/jobs?labelSelector=a%3Db%2Cc%21%3Dd&limit=100&resourceVersion=0");
}

TEST(Request, AContinuedListCarriesItsTokenOnly) {
  ListOptions options;
  options.resource_version = "12";
  options.continue_token = "abc=";

  EXPECT_EQ(list_request(kPod, options).target, "/api/v1/pods?limit=100&continue=abc%3D");
}

TEST(Request, WatchesWithBookmarksAndATimeLimit) {
  ListOptions options;
  options.ns = "demo";
  options.resource_version = "77";
  options.field_selector = "metadata.name=x";

  EXPECT_EQ(watch_request(kPod, options, 300).target,
            "/api/v1/namespaces/demo/pods?fieldSelector=metadata.name%3Dx&watch=1&allowWatchBookmarks=true"
            "&resourceVersion=77&timeoutSeconds=300");
}

TEST(Request, EveryPatchHasItsContentType) {
  const Ref ref("demo", "web");

  EXPECT_EQ(content_type(patch_request(kDeployment, ref, PatchOptions())), "application/merge-patch+json");
  EXPECT_EQ(content_type(patch_request(kDeployment, ref, PatchOptions(PatchType::Strategic, ""))),
            "application/strategic-merge-patch+json");
  EXPECT_EQ(content_type(patch_request(kDeployment, ref, PatchOptions(PatchType::Json, ""))),
            "application/json-patch+json");
  EXPECT_EQ(content_type(patch_request(kDeployment, ref, PatchOptions(PatchType::Apply, ""))),
            "application/apply-patch+yaml");
}

TEST(Request, ApplyNamesItsManagerAndForces) {
  PatchOptions options(PatchType::Apply, "status");
  options.dry_run = true;

  EXPECT_EQ(patch_request(kDeployment, Ref("demo", "web"), options).target,
            "/apis/apps/v1/namespaces/demo/deployments/web/status?fieldManager=stash&force=true&dryRun=All");
}

TEST(Request, RemovalSaysPropagationAndUid) {
  EXPECT_EQ(remove_body(Propagation::Foreground, ""),
            R"({"kind":"DeleteOptions","apiVersion":"v1","propagationPolicy":"Foreground"})");
  EXPECT_EQ(
      remove_body(Propagation::Orphan, "u-1"),
      R"({"kind":"DeleteOptions","apiVersion":"v1","propagationPolicy":"Orphan","preconditions":{"uid":"u-1"}})");
}

TEST(Request, ExecRepeatsTheCommandWords) {
  EXPECT_EQ(exec_request(Ref("demo", "web-0"), "app", {"sh", "-c", "echo a&b"}).target,
            "/api/v1/namespaces/demo/pods/web-0/exec?container=app&command=sh&command=-c&command=echo%20a%26b"
            "&stdout=true&stderr=true");
  EXPECT_THROW(exec_request(Ref("demo", "web-0"), "app", {}), Error);
}

}  // namespace
}  // namespace stash::kube
