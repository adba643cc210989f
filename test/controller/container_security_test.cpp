// What our containers may do, by what the workload's template says of its own.

#include "controller/container_security.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace stash::controller {
namespace {

constexpr const char* kRoot = R"({"runAsUser":0,"runAsGroup":0,"runAsNonRoot":false})";

/// A workload with these SecurityContexts, beside containers of ours that are there from before.
json::Document workload(std::string_view pod, std::string_view app, std::string_view init = "{}") {
  return json::parse(fmt::format(R"({{"spec":{{"template":{{"spec":{{"securityContext":{},
        "initContainers":[{{"name":"stash-init","securityContext":{{"runAsUser":0}}}},
                          {{"name":"prepare","securityContext":{}}}],
        "containers":[{{"name":"app","securityContext":{}}},{{"name":"stash"}}]}}}}}}}})",
                                 pod, init, app),
                     "workload");
}

/// What the level `restricted` asks for, with these members for the user.
std::string restricted(std::string_view user = "") {
  return fmt::format(R"({{"runAsNonRoot":true,{}"allowPrivilegeEscalation":false,)"
                     R"("capabilities":{{"drop":["ALL"]}},"seccompProfile":{{"type":"RuntimeDefault"}}}})",
                     user);
}

void expect_both(const json::Document& of, const std::string& wanted) {
  EXPECT_EQ(sidecar_security(of), wanted);
  EXPECT_EQ(init_security(of), wanted);
}

TEST(ContainerSecurity, OfAWorkloadThatSaysNothingIsAsThePodAndRootForARestore) {
  const json::Document silent = workload("{}", "{}");
  EXPECT_EQ(sidecar_security(silent), "");
  EXPECT_EQ(init_security(silent), kRoot);
  const json::Document empty = json::parse("{}", "workload");
  EXPECT_EQ(sidecar_security(empty), "");
  EXPECT_EQ(init_security(empty), kRoot);
}

TEST(ContainerSecurity, OfAPodThatMustNotRunAsRootIsRestricted) {
  expect_both(workload(R"({"runAsNonRoot":true,"runAsUser":1000})", "{}"), restricted());
}

TEST(ContainerSecurity, TakesTheUserThatTheApplicationsContainerSetsForItself) {
  expect_both(workload(R"({"runAsNonRoot":true})", R"({"runAsUser":1001,"runAsGroup":2002})"),
              restricted(R"("runAsUser":1001,"runAsGroup":2002,)"));
  expect_both(workload(R"({"runAsNonRoot":true})", R"({"runAsGroup":0})"), restricted(R"("runAsGroup":0,)"));
  expect_both(workload(R"({"runAsNonRoot":true})", R"({"runAsUser":0,"runAsNonRoot":false})"), restricted());
}

TEST(ContainerSecurity, IsRestrictedWhereEachContainerOfTheApplicationSaysSo) {
  const std::string_view non_root = R"({"runAsNonRoot":true})";
  expect_both(workload("{}", non_root, non_root), restricted());
  EXPECT_EQ(init_security(workload("{}", non_root, "{}")), kRoot);
  EXPECT_EQ(init_security(workload("{}", "{}", non_root)), kRoot);
}

TEST(ContainerSecurity, OfTheTriggerIsRestrictedUnlessItsPodIsToRunAsRoot) {
  api::RuntimePod pod;
  EXPECT_EQ(trigger_security(pod),
            R"({"runAsNonRoot":true,"readOnlyRootFilesystem":true,"allowPrivilegeEscalation":false,)"
            R"("capabilities":{"drop":["ALL"]},"seccompProfile":{"type":"RuntimeDefault"}})");
  pod.security_context.text = R"({"runAsUser":1000})";
  EXPECT_NE(trigger_security(pod).find("runAsNonRoot"), std::string::npos);
  pod.security_context.text = R"({"runAsUser":0})";
  EXPECT_EQ(trigger_security(pod).find("runAsNonRoot"), std::string::npos);
}

}  // namespace
}  // namespace stash::controller
