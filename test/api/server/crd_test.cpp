#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "api/server/kubectl.hpp"
#include "stash/api/crd.hpp"
#include "stash/api/install.hpp"

// The CRDs against a real API server: what it accepts, what it refuses and with which words, and what kubectl
// shows.

namespace stash::api {
namespace {

using test::Answer;
using test::kubectl;
using testing::AllOf;
using testing::ContainsRegex;
using testing::HasSubstr;
using testing::Not;

class Crds : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    const Answer applied = test::apply(crds_yaml());
    ASSERT_EQ(applied.status, 0) << applied.text;
    const Answer ready = kubectl("wait --for=condition=Established --timeout=60s crd --all");
    ASSERT_EQ(ready.status, 0) << ready.text;
  }

  static Answer dry_run(const std::string& yaml) { return test::apply(yaml, "--dry-run=server"); }
};

TEST_F(Crds, AreAcceptedWithoutAComplaintAboutTheirSchema) {
  const Answer conditions = kubectl(
      "get crd -o jsonpath='{range .items[*]}{range .status.conditions[*]}{.type}={.status} "
      "{end}{\"\\n\"}{end}'");
  EXPECT_EQ(conditions.status, 0);
  EXPECT_THAT(conditions.text, AllOf(HasSubstr("NamesAccepted=True"), HasSubstr("Established=True"),
                                     Not(HasSubstr("NonStructuralSchema=True"))));
}

TEST_F(Crds, TakeEveryExampleUnderStrictValidation) {
  int files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(STASH_SOURCE_DIR "/test/api/examples")) {
    const Answer answer = kubectl("apply --dry-run=server --validate=strict -f " + entry.path().string());
    EXPECT_EQ(answer.status, 0) << entry.path() << "\n" << answer.text;
    ++files;
  }
  EXPECT_GE(files, 5);
}

TEST_F(Crds, TakeTheWholeInstallText) {
  InstallOptions options;
  options.ns = "default";
  const Answer one = dry_run(install_yaml(options));
  EXPECT_EQ(one.status, 0) << one.text;
  EXPECT_THAT(one.text, Not(HasSubstr("Warning")));

  options.replicas = 3;
  const Answer three = dry_run(install_yaml(options));
  EXPECT_EQ(three.status, 0) << three.text;
}

const std::string kRepository =
    "apiVersion: stash.appscode.com/v1alpha1\nkind: Repository\nmetadata: {name: bad}\nspec: ";
const std::string kConfiguration =
    "apiVersion: stash.appscode.com/v1beta1\nkind: BackupConfiguration\nmetadata: {name: bad}\nspec: ";
const std::string kSession =
    "apiVersion: stash.appscode.com/v1beta1\nkind: BackupSession\nmetadata: {name: bad}\nspec: ";
const std::string kRestore =
    "apiVersion: stash.appscode.com/v1beta1\nkind: RestoreSession\nmetadata: {name: bad}\nspec: ";

TEST_F(Crds, RefuseAFaultWithItsSentence) {
  const std::string two_fallbacks = "[{paths: [/a]}, {targetHosts: [], paths: [/b]}]";
  const std::string host_twice = "[{targetHosts: [a, b], paths: [/a]}, {targetHosts: [b], paths: [/a]}]";
  const std::string both = "[{paths: [/a], snapshots: [latest]}]";
  const std::string target = "{ref: {apiVersion: apps/v1, kind: Deployment, name: x}, rules: ";
  const std::vector<std::pair<std::string, std::string>> cases{
      {kRepository + "{wipeOut: true, backend: {b2: {bucket: x}}}", "spec.wipeOut cannot be true"},
      {kRepository + "{wipeOut: true, backend: {local: {mountPath: /x, emptyDir: {}}}}",
       "spec.wipeOut cannot be true"},
      {kRepository + "{backend: {local: {mountPath: /stash/x, emptyDir: {}}}}",
       "must not be /stash or below it"},
      {kRepository + "{backend: {local: {mountPath: /stash, emptyDir: {}}}}",
       "must not be /stash or below it"},
      {kRepository + "{backend: {s3: {bucket: x}}}", "spec.backend.s3.endpoint: Required value"},
      {kRepository + "{backend: {local: {emptyDir: {}}}}", "spec.backend.local.mountPath: Required value"},
      {kRepository + "{backend: {}, usagePolicy: {allowedNamespaces: {from: Some}}}",
       "Unsupported value: \"Some\""},
      {kRepository + "{backand: {}}", "unknown field \"spec.backand\""},
      {kConfiguration + "{schedule: '@daily'}", "spec.retentionPolicy: Required value"},
      {kConfiguration + "{retentionPolicy: {name: x}}", "spec.retentionPolicy.prune: Required value"},
      {kConfiguration + "{retentionPolicy: {name: x, prune: true}, driver: Kopia}",
       "Unsupported value: \"Kopia\""},
      {kConfiguration + "{retentionPolicy: {name: x, prune: true}, repository: {namespace: y}}",
       "spec.repository.name: Required value"},
      {kConfiguration +
           "{retentionPolicy: {name: x, prune: true}, hooks: {postBackup: {executionPolicy: Never}}}",
       "Unsupported value: \"Never\""},
      {kConfiguration + "{retentionPolicy: {name: x, prune: true, keepLasts: 3}}", "unknown field"},
      {kSession + "{invoker: {kind: Deployment, name: x}}", "Unsupported value: \"Deployment\""},
      {kSession + "{invoker: {kind: BackupConfiguration}}", "spec.invoker.name: Required value"},
      {kRestore + "{target: " + target + two_fallbacks + "}}",
       "spec.target.rules: only one rule may have no targetHosts"},
      {kRestore + "{target: " + target + host_twice + "}}",
       "spec.target.rules: a host may stand in targetHosts of one rule only"},
      {kRestore + "{target: " + target + both + "}}",
       "spec.target.rules: a rule takes either snapshots or paths"},
      {kRestore + "{rules: " + two_fallbacks + "}", "spec.rules: only one rule may have no targetHosts"},
      {kRestore + "{rules: " + host_twice + "}",
       "spec.rules: a host may stand in targetHosts of one rule only"},
      {kRestore + "{rules: " + both + "}", "spec.rules: a rule takes either snapshots or paths"},
  };
  for (const auto& [yaml, sentence] : cases) {
    const Answer answer = dry_run(yaml);
    EXPECT_NE(answer.status, 0) << yaml;
    EXPECT_THAT(answer.text, HasSubstr(sentence)) << yaml;
  }
}

/// A RestoreSession with this many rules of this many hosts, all of them different, and `more` rules behind.
std::string big_restore(int rules, int hosts, const std::string& more) {
  std::string list;
  for (int rule = 0; rule < rules; ++rule) {
    list += "{paths: [/a], targetHosts: [";
    for (int host = 0; host < hosts; ++host) list += fmt::format("host-{}-{}, ", rule, host);
    list += "]}, ";
  }
  return kRestore + "{target: {rules: [" + list + more + "]}}";
}

TEST_F(Crds, CheckLongListsOfRulesWithinTheCostLimit) {
  const Answer many = dry_run(big_restore(31, 16, ""));
  EXPECT_EQ(many.status, 0) << many.text;
  EXPECT_THAT(dry_run(big_restore(31, 16, "{targetHosts: [host-0-0], paths: [/a]}")).text,
              HasSubstr("a host may stand in targetHosts of one rule only"));

  const Answer most = dry_run(big_restore(32, 64, ""));
  EXPECT_EQ(most.status, 0) << most.text;
  EXPECT_THAT(dry_run(big_restore(33, 1, "")).text, HasSubstr("must have at most 32 items"));
}

TEST_F(Crds, KeepWhatMustNotChange) {
  const std::string path = STASH_SOURCE_DIR "/test/api/examples/workloads.yaml";
  ASSERT_EQ(kubectl("apply -f " + path).status, 0);

  EXPECT_THAT(
      kubectl(R"(patch restoresession shop-restore --type merge -p '{"spec":{"timeOut":"2h"}}')").text,
      HasSubstr("spec cannot be changed: delete this RestoreSession and make a new one"));
  EXPECT_THAT(kubectl(R"(patch restoresession shop-restore --type merge -p '{"spec":null}')").text,
              HasSubstr("spec cannot be changed"));
  EXPECT_THAT(
      kubectl(R"(patch backupsession shop-backup-by-hand --type merge -p '{"spec":{"retryLeft":3}}')").text,
      HasSubstr("spec cannot be changed: make a new BackupSession"));
  EXPECT_EQ(kubectl(R"(label restoresession shop-restore seen=yes)").status, 0);

  const std::string move =
      R"(patch bc shop-backup --type merge -p '{"spec":{"target":{"ref":{"name":"other"}}}}')";
  EXPECT_EQ(kubectl(move + " --dry-run=server").status, 0);
  ASSERT_EQ(
      kubectl(R"(patch bc shop-backup --subresource status --type merge -p '{"status":{"phase":"Ready"}}')")
          .status,
      0);
  EXPECT_THAT(kubectl(move).text, HasSubstr("spec.target.ref cannot be changed while the phase is Ready"));
  EXPECT_EQ(kubectl(R"(patch bc shop-backup --type merge -p '{"spec":{"paused":true}}')").status, 0);

  kubectl("delete -f " + path);
}

TEST_F(Crds, ShowTheirColumnsAndAnswerToShortNames) {
  const std::string path = STASH_SOURCE_DIR "/test/api/examples/";
  ASSERT_EQ(kubectl("apply -f " + path + "workloads.yaml -f " + path + "backends.yaml").status, 0);
  ASSERT_EQ(kubectl(R"(patch repo on-s3 --subresource status --type merge -p '{"status":{"integrity":true,)"
                    R"("totalSize":"2.567 KiB","snapshotCount":7,"lastBackupTime":"2020-01-01T00:00:00Z"}}')")
                .status,
            0);
  ASSERT_EQ(kubectl(R"(patch backupsession shop-backup-by-hand --subresource status --type merge -p )"
                    R"('{"status":{"phase":"Succeeded","sessionDuration":"12s"}}')")
                .status,
            0);

  EXPECT_THAT(kubectl("get repo on-s3").text,
              AllOf(ContainsRegex("NAME +INTEGRITY +SIZE +SNAPSHOT-COUNT +LAST-SUCCESSFUL-BACKUP +AGE"),
                    ContainsRegex("on-s3 +true +2.567 KiB +7 +[0-9]+y")));
  EXPECT_THAT(kubectl("get bc nodes-backup").text,
              AllOf(ContainsRegex("NAME +TASK +SCHEDULE +PAUSED +PHASE +AGE"),
                    ContainsRegex("nodes-backup +0 3 [*] [*] SUN +true")));
  EXPECT_THAT(kubectl("get backupsessions shop-backup-by-hand").text,
              AllOf(ContainsRegex("NAME +INVOKER-TYPE +INVOKER-NAME +PHASE +DURATION +AGE"),
                    ContainsRegex("BackupConfiguration +shop-backup +Succeeded +12s")));
  EXPECT_THAT(kubectl("get restore shop-restore").text,
              AllOf(ContainsRegex("NAME +REPOSITORY +PHASE +DURATION +AGE"),
                    ContainsRegex("shop-restore +shop-store")));
  EXPECT_THAT(kubectl("get stash -o name").text, AllOf(HasSubstr("repository.stash.appscode.com/on-s3"),
                                                       HasSubstr("backupsession.stash.appscode.com/")));
  EXPECT_THAT(kubectl("explain bc.spec.retentionPolicy.keepLast").text,
              HasSubstr("Newest snapshots to keep"));

  kubectl("delete -f " + path + "workloads.yaml -f " + path + "backends.yaml");
}

}  // namespace
}  // namespace stash::api
