#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/objects.hpp"
#include "stash/api/backup_session.hpp"
#include "stash/api/names.hpp"
#include "stash/api/new_session.hpp"
#include "stash/base/error.hpp"
#include "stash/kube/meta.hpp"

namespace stash::api {
namespace {

using testing::AllOf;
using testing::HasSubstr;

std::string refusal(std::string_view object) {
  try {
    BackupConfiguration::parse(json::parse(object, "test"));
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), ErrorKind::Invalid);
    return e.what();
  }
  return "";
}

TEST(Kinds, RefuseAnObjectWithAllItsFaults) {
  EXPECT_THAT(
      refusal(R"({"metadata":{"name":"x","namespace":"demo"},"spec":{"paused":"yes","timeOut":"long",)"
              R"("target":{"volumeMounts":[{"name":"a"}]}}})"),
      AllOf(HasSubstr("BackupConfiguration demo/x: "), HasSubstr("spec.paused: want true or false"),
            HasSubstr("spec.timeOut: \"long\" is not a duration"),
            HasSubstr("spec.retentionPolicy: is required"),
            HasSubstr("spec.target.volumeMounts[0].mountPath: is required")));
}

TEST(Kinds, ReadMetadata) {
  const json::Document object = json::parse(
      R"({"metadata":{"name":"x","namespace":"demo","uid":"u","resourceVersion":"7","generation":3,)"
      R"("creationTimestamp":"2026-01-31T08:00:00Z","deletionTimestamp":"2026-01-31T09:00:00Z",)"
      R"("labels":{"a":"b"},"annotations":{"c":"d"},"finalizers":["stash"],)"
      R"("ownerReferences":[{"apiVersion":"v1","kind":"K","name":"n","uid":"o","controller":true}]}})",
      "test");
  const ObjectMeta meta = ObjectMeta::of(object);
  EXPECT_EQ(meta.name, "x");
  EXPECT_EQ(meta.generation, 3);
  EXPECT_EQ(format_time(meta.created.value()), "2026-01-31T08:00:00Z");
  EXPECT_TRUE(meta.deleting);
  EXPECT_EQ(meta.labels.at("a"), "b");
  EXPECT_TRUE(meta.has_finalizer("stash"));
  EXPECT_FALSE(meta.has_finalizer("other"));
  ASSERT_EQ(meta.owners.size(), 1u);
  EXPECT_THAT(meta.owners[0], HasSubstr(R"("uid":"o")"));
}

TEST(Kinds, WriteWhatTheyRead) {
  const std::string text =
      R"({"apiVersion":"stash.appscode.com/v1beta1","kind":"BackupConfiguration","metadata":{"name":"x","namespace":"demo",)"
      R"("labels":{"a":"b"},"finalizers":["stash.appscode.com"]},"spec":{"target":{"alias":"db","ref":{"kind":"Deployment"}},)"
      R"("runtimeSettings":{"pod":{"affinity":{"nodeAffinity":{}}},"container":{"resources":{"limits":{"cpu":"1"}}}},)"
      R"("hooks":{"postBackup":{"httpPost":{"path":"/p","port":"http"},"executionPolicy":"OnFailure"}},)"
      R"("schedule":"@daily","driver":"Restic","retentionPolicy":{"name":"n","keepLast":3,"prune":false},)"
      R"("timeOut":"1h0m0s"},"status":{"phase":"Ready"}})";
  EXPECT_EQ(to_json(BackupConfiguration::parse(json::parse(text, "test"))), text);
}

TEST(Kinds, PatchOnlyWhatIsKnownOfAStatus) {
  BackupSessionStatus status;
  status.phase = SessionPhase::Running;
  EXPECT_EQ(status_patch(status), R"({"status":{"phase":"Running"}})");
  status.targets.emplace_back().total_hosts = 0;
  EXPECT_EQ(status_patch(status), R"({"status":{"phase":"Running","targets":[{"totalHosts":0}]}})");
}

TEST(Kinds, FindARepositoryInTheirOwnNamespaceUnlessTold) {
  EXPECT_EQ(test::configuration().repository().str(), "demo/store");
  EXPECT_EQ(test::restore().repository().str(), "demo/store");
  EXPECT_EQ(test::configuration(R"(,"repository":{"name":"a","namespace":"b"})").history_limit(), 1);
}

TEST(RestoreSession, PrefersTheRulesOfItsTarget) {
  const std::string old_place = R"(,"rules":[{"snapshots":["latest"]},{"targetHosts":["a"],"paths":["/x"]}])";
  EXPECT_EQ(test::restore(old_place).rules().size(), 1u);

  RestoreSession moved = test::restore(old_place);
  moved.spec.target->rules.clear();
  EXPECT_EQ(moved.rules().size(), 2u);
}

TEST(NewSession, IsOwnedLabelledAndNamedByItsConfiguration) {
  const auto at = parse_time("2026-11-23T10:00:00Z").value();
  const json::Document session = json::parse(new_session(test::configuration(), at, 2), "session");

  EXPECT_EQ(kube::name_of(session), "nightly-1795428000");
  EXPECT_EQ(json::text(session, "apiVersion"), "stash.appscode.com/v1beta1");
  EXPECT_EQ(kube::namespace_of(session), "demo");
  EXPECT_EQ(kube::label_of(session, "stash.appscode.com/invoker-name"), "nightly");
  EXPECT_EQ(kube::label_of(session, "stash.appscode.com/target-namespace"), "demo");
  EXPECT_EQ(kube::label_of(session, "team"), "shop");
  const auto owner = kube::controller_of(session);
  ASSERT_TRUE(owner);
  EXPECT_EQ(owner->uid, "u-1");
  const BackupSession parsed = BackupSession::parse(session);
  EXPECT_EQ(parsed.spec.invoker.kind, InvokerKind::BackupConfiguration);
  EXPECT_EQ(parsed.spec.retry_left, 2);
}

TEST(NewSession, RetriesOnlyWhenARetryConfigSaysSo) {
  EXPECT_EQ(first_retries(test::configuration().spec), 0);
  EXPECT_EQ(first_retries(test::configuration(R"(,"retryConfig":{})").spec), 1);
  EXPECT_EQ(first_retries(test::configuration(R"(,"retryConfig":{"maxRetry":4})").spec), 4);
}

}  // namespace
}  // namespace stash::api
