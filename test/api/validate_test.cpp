#include "stash/api/validate.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/objects.hpp"

namespace stash::api {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

TEST(Validate, FindsNoFaultInGoodObjects) {
  EXPECT_THAT(validate(test::configuration()), IsEmpty());
  EXPECT_THAT(warnings(test::configuration()), IsEmpty());
  EXPECT_THAT(validate(test::restore()), IsEmpty());
  EXPECT_THAT(validate(test::repository(R"("s3":{"endpoint":"e","bucket":"b"})")), IsEmpty());
  EXPECT_THAT(validate(test::repository(R"("local":{"mountPath":"/stashed","emptyDir":{}})")), IsEmpty());
}

json::Faults with(void (*change)(BackupConfigurationSpec&)) {
  BackupConfiguration configuration = test::configuration();
  change(configuration.spec);
  return validate(configuration);
}

TEST(ValidateConfiguration, WantsARepositoryForTheDriverRestic) {
  EXPECT_THAT(with([](auto& s) { s.repository.reset(); }),
              ElementsAre(StartsWith("spec.repository: is required")));
  EXPECT_THAT(with([](auto& s) { s.repository.reset(), s.driver = Driver::VolumeSnapshotter; }), IsEmpty());
}

TEST(ValidateConfiguration, WantsATargetThatCanBeFound) {
  EXPECT_THAT(with([](auto& s) { s.target.reset(); }), ElementsAre(StartsWith("spec.target: is required")));
  EXPECT_THAT(with([](auto& s) { s.target->ref.name.clear(); }),
              ElementsAre(StartsWith("spec.target.ref.name: is required")));
  EXPECT_THAT(with([](auto& s) { s.target->ref.api_version.clear(); }),
              ElementsAre(StartsWith("spec.target.ref.apiVersion: is required")));
  EXPECT_THAT(with([](auto& s) { s.target->ref.ns = "other"; }),
              ElementsAre(AllOf(StartsWith("spec.target.ref.namespace: is other"),
                                HasSubstr("make this object in other"))));
  EXPECT_THAT(with([](auto& s) { s.target->ref.ns = "demo"; }), IsEmpty());
  EXPECT_THAT(with([](auto& s) { s.target->ref.ns = "other", s.task.name = "kubedump-backup"; }), IsEmpty());
}

TEST(ValidateConfiguration, WantsAbsolutePathsOnce) {
  EXPECT_THAT(with([](auto& s) {
                s.target->paths = {"data", "/srv/data", "/srv/data"};
              }),
              ElementsAre("spec.target.paths[0]: \"data\" is not an absolute path",
                          "spec.target.paths[2]: /srv/data stands here twice"));
  EXPECT_THAT(with([](auto& s) { s.target->paths.clear(); }),
              ElementsAre(StartsWith("spec.target.paths: is required")));
  EXPECT_THAT(with([](auto& s) { s.target->paths.clear(), s.task.name = "pvc-backup"; }), IsEmpty());
}

TEST(ValidateConfiguration, WantsMountsThatDoNotCollide) {
  const auto faults = with([](auto& s) {
    s.target->volume_mounts.resize(4);
    s.target->volume_mounts[1] = s.target->volume_mounts[0];
    s.target->volume_mounts[2].name = "b";
    s.target->volume_mounts[2].mount_path = "/stash-tmp/x";
    s.target->volume_mounts[3].mount_path = "relative";
  });
  EXPECT_THAT(
      faults,
      ElementsAre("spec.target.volumeMounts[1].mountPath: /srv/data is mounted twice",
                  "spec.target.volumeMounts[2].mountPath: /stash-tmp/x is taken by the scratch volume",
                  StartsWith("spec.target.volumeMounts[3].name: is required"),
                  "spec.target.volumeMounts[3].mountPath: \"relative\" is not an absolute path"));
}

TEST(ValidateConfiguration, WantsOneFolderOfAVolume) {
  EXPECT_THAT(with([](auto& s) {
                s.target->volume_mounts[0].sub_path = "a";
                s.target->volume_mounts[0].sub_path_expr = "$(POD_NAME)";
              }),
              ElementsAre("spec.target.volumeMounts[0]: has both subPath and subPathExpr: give one of them"));
  EXPECT_THAT(with([](auto& s) { s.target->volume_mounts[0].read_only = true; }), IsEmpty());
}

TEST(ValidateConfiguration, RefusesNumbersAndDurationsThatMeanNothing) {
  EXPECT_THAT(with([](auto& s) { s.retention_policy.keep_daily = -1; }),
              ElementsAre("spec.retentionPolicy.keepDaily: -1 is negative"));
  EXPECT_THAT(with([](auto& s) { s.time_out.emplace(); }), ElementsAre("spec.timeOut: 0s is not positive"));
  EXPECT_THAT(
      with([](auto& s) {
        s.retry_config.emplace().max_retry = -2;
        s.retry_config->delay.emplace().value = std::chrono::seconds(-1);
      }),
      ElementsAre("spec.retryConfig.maxRetry: -2 is negative", "spec.retryConfig.delay: -1s is negative"));
  EXPECT_THAT(with([](auto& s) { s.target->alias = "a/b"; }),
              ElementsAre(StartsWith("spec.target.alias: \"a/b\"")));
}

TEST(ValidateConfiguration, WantsAnActionInEachHook) {
  EXPECT_THAT(with([](auto& s) {
                s.hooks.emplace().pre_backup.emplace();
                s.hooks->post_backup.emplace().exec.emplace();
              }),
              ElementsAre(StartsWith("spec.hooks.preBackup: has no action"),
                          "spec.hooks.postBackup.exec.command: is empty"));
}

TEST(WarnConfiguration, OfWhatIsHardlyMeant) {
  BackupConfiguration configuration = test::configuration();
  configuration.spec.retention_policy.keep_last = 0;
  configuration.spec.target->paths = {"/srv/data/sub", "/srv/database"};
  EXPECT_THAT(warnings(configuration),
              ElementsAre(StartsWith("spec.retentionPolicy: says nothing about what to keep"),
                          "spec.target.paths[1]: /srv/database lies in none of spec.target.volumeMounts"));
}

TEST(WarnConfiguration, OfSettingsThatTheTriggerDoesNotGet) {
  BackupConfiguration configuration = test::configuration();
  RuntimePod& pod = configuration.spec.runtime_settings.pod.emplace();
  pod.automount_service_account_token = true;
  pod.enable_service_links = false;
  EXPECT_THAT(warnings(configuration), IsEmpty());
  pod.automount_service_account_token = false;
  pod.priority = 7;
  pod.readiness_gates.resize(1);
  EXPECT_THAT(warnings(configuration),
              ElementsAre(StartsWith("spec.runtimeSettings.pod.automountServiceAccountToken: is passed over"),
                          StartsWith("spec.runtimeSettings.pod.priority: is passed over"),
                          StartsWith("spec.runtimeSettings.pod.readinessGates: are passed over")));
}

json::Faults restore_with(void (*change)(RestoreSessionSpec&)) {
  RestoreSession session = test::restore();
  change(session.spec);
  return validate(session);
}

TEST(ValidateRestore, WantsOneRuleForEachHost) {
  const auto faults = restore_with([](auto& s) {
    auto& rules = s.target->rules;
    rules.resize(4);
    for (auto& rule : rules) rule.paths = {"/srv/data"};
    rules[1].target_hosts = {"host-1", "host-1"};
    rules[2].target_hosts = {"host-1"};
  });
  EXPECT_THAT(faults,
              ElementsAre("spec.target.rules[1].targetHosts: host-1 is named twice: one rule a host",
                          "spec.target.rules[2].targetHosts: host-1 is named twice: one rule a host",
                          StartsWith("spec.target.rules[3]: is the second rule without targetHosts")));
}

TEST(ValidateRestore, WantsToKnowWhatIsRestored) {
  EXPECT_THAT(restore_with([](auto& s) { s.target->rules.clear(); }),
              ElementsAre(StartsWith("spec.target.rules: is required")));
  EXPECT_THAT(
      restore_with([](auto& s) { s.target->rules[0].paths.clear(); }),
      ElementsAre("spec.target.rules[0]: has neither paths nor snapshots: nothing would be restored"));
  EXPECT_THAT(restore_with([](auto& s) { s.target->rules[0].snapshots = {"latest"}; }),
              ElementsAre("spec.target.rules[0]: has both snapshots and paths: give one of them"));
  EXPECT_THAT(restore_with([](auto& s) { s.target->rules.clear(), s.task.name = "pvc-restore"; }), IsEmpty());
}

TEST(ValidateRestore, LooksAtTheDeprecatedPlaceOfRules) {
  EXPECT_THAT(restore_with([](auto& s) { s.rules.swap(s.target->rules); }), IsEmpty());
  EXPECT_THAT(restore_with([](auto& s) {
                s.rules.swap(s.target->rules);
                s.rules[0].paths = {"x"};
              }),
              ElementsAre("spec.rules[0].paths[0]: \"x\" is not an absolute path"));
}

TEST(ValidateRestore, WantsMountsThatCanBeWritten) {
  EXPECT_THAT(restore_with([](auto& s) { s.target->volume_mounts[0].read_only = true; }),
              ElementsAre(StartsWith("spec.target.volumeMounts[0].readOnly: is true")));
}

TEST(ValidateRestore, TakesClaimTemplatesInsteadOfATarget) {
  EXPECT_THAT(restore_with([](auto& s) {
                s.target->ref = {};
                s.target->volume_claim_templates.resize(1);
              }),
              IsEmpty());
  EXPECT_EQ(restore_with([](auto& s) { s.target->ref = {}; }).size(), 3u);
}

TEST(ValidateRepository, WantsABackendThatIsComplete) {
  const auto faults = [](const char* backend, const char* more = "") {
    return validate(test::repository(backend, more));
  };
  EXPECT_THAT(faults(R"("x":1)"), ElementsAre(StartsWith("spec.backend: is required")));
  EXPECT_THAT(faults(R"("s3":{"endpoint":"","bucket":""})"),
              ElementsAre(StartsWith("spec.backend.s3: does not say where"),
                          StartsWith("spec.backend.s3.endpoint: is required")));
  EXPECT_THAT(faults(R"("local":{"mountPath":"/stash/x"})"),
              ElementsAre(StartsWith("spec.backend.local: has no volume source"),
                          HasSubstr("must not be /stash or below it")));
  EXPECT_THAT(faults(R"("local":{"mountPath":"x","emptyDir":{}})"),
              ElementsAre(HasSubstr("is not an absolute path")));
  EXPECT_THAT(faults(R"("b2":{"bucket":"b"})", R"(,"wipeOut":true)"),
              ElementsAre(StartsWith("spec.wipeOut: cannot be true")));
  EXPECT_THAT(faults(R"("b2":{"bucket":"b"})", R"(,"usagePolicy":{"allowedNamespaces":{"from":"Selector"}})"),
              ElementsAre(StartsWith("spec.usagePolicy.allowedNamespaces.selector: is required")));
  Repository nameless = test::repository(R"("b2":{"bucket":"b"})");
  nameless.spec.backend.storage_secret_name.clear();
  EXPECT_THAT(validate(nameless), ElementsAre(StartsWith("spec.backend.storageSecretName: is required")));
}

TEST(Validate, NamesTheObjectInItsMessage) {
  EXPECT_EQ(
      invalid_message("BackupConfiguration", test::configuration().metadata, {"spec.a: x", "spec.b: y"}),
      "BackupConfiguration demo/nightly: spec.a: x; spec.b: y");
}

}  // namespace
}  // namespace stash::api
