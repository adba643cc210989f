// What the CronJob of a BackupConfiguration holds.

#include "controller/objects.hpp"

#include <gtest/gtest.h>

#include "stash/base/error.hpp"

namespace stash::controller {
namespace {

const ExecutorSettings kSettings{"reg/stash:1", "Always", ""};

/// The template of the trigger's pod with these runtimeSettings.
json::Document trigger(std::string_view runtime_settings, const ExecutorSettings& settings = kSettings) {
  const auto object =
      json::parse(fmt::format(R"({{"metadata":{{"namespace":"demo","name":"nightly","uid":"u1"}},
    "spec":{{"repository":{{"name":"repo"}},"schedule":"0 3 * * *","runtimeSettings":{{{}}},
      "retentionPolicy":{{"name":"p","prune":true}},
      "target":{{"ref":{{"apiVersion":"apps/v1","kind":"Deployment","name":"web"}},"paths":["/data"]}}}}}})",
                              runtime_settings),
                  "configuration");
  const json::Document cron =
      json::parse(cron_job(api::BackupConfiguration::parse(object), settings), "CronJob");
  json::Document pod;
  pod.CopyFrom(*json::find(cron, "spec", "jobTemplate", "spec", "template"), pod.GetAllocator());
  return pod;
}

TEST(Trigger, IsPulledAsTheOperatorWasTold) {
  const auto policy = [](std::string told) {
    const json::Document pod = trigger("", {"reg/stash:1", std::move(told), ""});
    return std::string(json::text(pod["spec"]["containers"][0], "imagePullPolicy"));
  };
  EXPECT_EQ(policy("Always"), "Always");
  EXPECT_EQ(policy("Never"), "Never");
  EXPECT_EQ(policy(""), "");
}

TEST(Trigger, FitsANamespaceThatForbidsRoot) {
  const json::Document pod = trigger("");
  const json::Value& container = pod["spec"]["containers"][0];
  EXPECT_TRUE(json::is_true(container, "securityContext", "runAsNonRoot"));
  EXPECT_EQ(json::text(container, "securityContext", "seccompProfile", "type"), "RuntimeDefault");
}

TEST(Trigger, HasTheLabelsOfTheUserBesideThoseOfTheOperator) {
  const json::Document pod =
      trigger(R"("pod":{"podLabels":{"team":"shop","app.kubernetes.io/component":"mine"}})");
  EXPECT_EQ(json::text(pod, "metadata", "labels", "team"), "shop");
  EXPECT_EQ(json::text(pod, "metadata", "labels", "app.kubernetes.io/component"), "stash-backup");
}

TEST(Trigger, HasItsTokenWhateverItsSettingsSay) {
  const json::Document pod =
      trigger(R"("pod":{"automountServiceAccountToken":false,"enableServiceLinks":false})");
  EXPECT_TRUE(json::is_true(pod, "spec", "automountServiceAccountToken"));
  const json::Value* links = json::find(pod, "spec", "enableServiceLinks");
  ASSERT_TRUE(links);
  EXPECT_TRUE(links->IsFalse());
}

}  // namespace
}  // namespace stash::controller
