// What a workload's template holds after the patch, and which patches are not made.

#include "controller/inject.hpp"

#include <gtest/gtest.h>

#include "stash/api/names.hpp"
#include "stash/kube/meta.hpp"
#include "support/json_patch.hpp"

namespace stash::controller {
namespace {

using test::copy_of;

const ExecutorSettings kSettings{"reg/stash:1", "IfNotPresent", "http://gw:56789"};

json::Document workload() {
  return json::parse(R"({"metadata":{"namespace":"demo","name":"web","resourceVersion":"7"},
    "spec":{"template":{"metadata":{"labels":{"app":"web"}},
      "spec":{"initContainers":[{"name":"prepare","image":"busybox"}],
              "containers":[{"name":"app","image":"busybox"}],
              "volumes":[{"name":"data","emptyDir":{}}]}}}})",
                     "workload");
}

api::BackupConfiguration configuration(std::string_view more = "") {
  const auto document =
      json::parse(fmt::format(R"({{"metadata":{{"namespace":"demo","name":"nightly","uid":"u1"}},
    "spec":{{"repository":{{"name":"repo"}},"schedule":"0 3 * * *","retentionPolicy":{{"name":"p","prune":true}},{}
      "target":{{"ref":{{"apiVersion":"apps/v1","kind":"Deployment","name":"web"}},"paths":["/data"],
        "volumeMounts":[{{"name":"data","mountPath":"/data","subPath":"in"}}]}}}}}})",
                              more),
                  "configuration");
  return api::BackupConfiguration::parse(document);
}

api::RestoreSession restore(std::string_view uid = "u2") {
  const auto document =
      json::parse(fmt::format(R"({{"metadata":{{"namespace":"demo","name":"back","uid":"{}"}},
    "spec":{{"repository":{{"name":"repo"}},
      "target":{{"ref":{{"apiVersion":"apps/v1","kind":"Deployment","name":"web"}},"rules":[{{"paths":["/data"]}}],
        "volumeMounts":[{{"name":"data","mountPath":"/data"}}]}}}}}})",
                              uid),
                  "restore");
  return api::RestoreSession::parse(document);
}

api::Repository repository(std::string_view backend) {
  return api::Repository::parse(json::parse(fmt::format(R"({{"metadata":{{"namespace":"demo","name":"repo"}},
    "spec":{{"backend":{{"storageSecretName":"cred",{}}}}}}})",
                                                        backend),
                                            "repository"));
}
const std::string_view kS3 = R"("s3":{"endpoint":"minio","bucket":"b"})";
const std::string_view kLocal = R"("local":{"mountPath":"/safe","subPath":"x","hostPath":{"path":"/srv"}})";

/// Into workload().
Injection sidecar_injection(const api::BackupConfiguration& bc, const api::Repository& from,
                            const ExecutorSettings& settings) {
  return sidecar_injection(bc, from, workload(), settings);
}
Injection init_injection(const api::RestoreSession& session, const api::Repository& from,
                         const ExecutorSettings& settings) {
  return init_injection(session, from, workload(), settings);
}

Wish wish(Injection injection) {
  Wish out;
  out.injection = std::move(injection);
  return out;
}
Wish untouched() {
  Wish out;
  out.untouched = true;
  return out;
}

/// The workload after the patch, which must exist.
json::Document patched(const json::Value& before, const Wish& sidecar, const Wish& init) {
  json::Document after = copy_of(before);
  const auto patch = injection_patch(before, sidecar, init);
  EXPECT_TRUE(patch);
  if (patch) test::json_patch(after, json::parse(*patch, "patch"), after.GetAllocator());
  return after;
}

std::string names(const json::Value& from, std::string_view list) {
  std::string out;
  if (const json::Value* items = json::find(from, "spec", "template", "spec", list))
    for (const auto& item : items->GetArray())
      out += (out.empty() ? "" : ",") + std::string(json::text(item, "name"));
  return out;
}

const json::Value& item(const json::Value& from, std::string_view list, std::string_view name) {
  for (const auto& entry : json::find(from, "spec", "template", "spec", list)->GetArray())
    if (json::text(entry, "name") == name) return entry;
  throw Error(ErrorKind::NotFound, "{}", name);
}

TEST(Inject, SidecarStandsLastWithScratchVolumeAndAnnotations) {
  const json::Document before = workload();

  const auto after =
      patched(before, wish(sidecar_injection(configuration(), repository(kS3), kSettings)), {});

  EXPECT_EQ(names(after, "containers"), "app,stash");
  EXPECT_EQ(names(after, "initContainers"), "prepare");
  EXPECT_EQ(names(after, "volumes"), "data,stash-tmp-dir");
  EXPECT_EQ(
      json::dump(item(after, "containers", "stash")["args"]),
      R"(["run-backup","--invoker-name=nightly","--invoker-kind=BackupConfiguration","--target-name=web",)"
      R"("--target-namespace=demo","--target-kind=Deployment","--enable-cache=true","--max-connections=0",)"
      R"("--metrics-enabled=true","--pushgateway-url=http://gw:56789"])");
  EXPECT_EQ(
      json::dump(item(after, "containers", "stash")["volumeMounts"]),
      R"([{"name":"stash-tmp-dir","mountPath":"/stash-tmp"},{"name":"data","mountPath":"/data","subPath":"in"}])");
  EXPECT_EQ(applied_backup_invoker(after).str(), "demo/nightly");
  EXPECT_EQ(kube::annotation_of(after, api::kBackupInvokerKindAnnotation), "BackupConfiguration");
  EXPECT_FALSE(kube::annotation_of(after["spec"]["template"], api::kBackupHashAnnotation).empty());
}

TEST(Inject, InitContainerStandsFirstAndRunsAsRoot) {
  const json::Document before = workload();

  const auto after = patched(before, {}, wish(init_injection(restore(), repository(kS3), kSettings)));

  EXPECT_EQ(names(after, "initContainers"), "stash-init,prepare");
  const json::Value& init = item(after, "initContainers", "stash-init");
  EXPECT_EQ(json::integer(init, "securityContext", "runAsUser"), 0);
  EXPECT_STREQ(init["args"][0].GetString(), "restore");
  EXPECT_EQ(applied_restore_invoker(after).str(), "demo/back");
}

TEST(Inject, FirstInitContainerOfAWorkloadThatHasNone) {
  json::Document before = workload();
  test::drop_member(before["spec"]["template"]["spec"], "initContainers");
  test::drop_member(before["spec"]["template"]["spec"], "volumes");
  test::drop_member(before["spec"]["template"], "metadata");

  const auto after = patched(before, {}, wish(init_injection(restore(), repository(kS3), kSettings)));

  EXPECT_EQ(names(after, "initContainers"), "stash-init");
  EXPECT_EQ(names(after, "volumes"), "stash-tmp-dir");
}

TEST(Inject, LocalBackendIsMounted) {
  const auto after =
      patched(workload(), wish(sidecar_injection(configuration(), repository(kLocal), kSettings)), {});

  EXPECT_EQ(json::dump(item(after, "volumes", "stash-local")),
            R"({"name":"stash-local","hostPath":{"path":"/srv"}})");
  EXPECT_NE(json::dump(item(after, "containers", "stash")["volumeMounts"])
                .find(R"({"name":"stash-local","mountPath":"/safe","subPath":"x"})"),
            std::string::npos);
}

TEST(Inject, NothingIsPatchedThatIsAsWanted) {
  const Wish sidecar = wish(sidecar_injection(configuration(), repository(kS3), kSettings));
  const Wish init = wish(init_injection(restore(), repository(kS3), kSettings));
  const auto after = patched(workload(), sidecar, init);

  EXPECT_FALSE(injection_patch(after, sidecar, init));
  EXPECT_FALSE(injection_patch(workload(), {}, {}));
  EXPECT_FALSE(injection_patch(after, untouched(), untouched()));
}

TEST(Inject, PauseScheduleAndANewImagePatchNothing) {
  const auto after =
      patched(workload(), wish(sidecar_injection(configuration(), repository(kS3), kSettings)), {});
  ExecutorSettings newer = kSettings;
  newer.image = "reg/stash:2";
  newer.pushgateway_url = "http://elsewhere";
  api::BackupConfiguration changed = configuration(R"("paused":true,"timeOut":"1h",)");
  changed.spec.schedule = "*/5 * * * *";
  changed.spec.target->paths = {"/data/deeper"};

  EXPECT_FALSE(injection_patch(after, wish(sidecar_injection(changed, repository(kS3), newer)), {}));
}

TEST(Inject, AMountOfAnotherVolumeIsOnePatchOfTheSameContainer) {
  const auto once =
      patched(workload(), wish(sidecar_injection(configuration(), repository(kS3), kSettings)), {});
  api::BackupConfiguration changed = configuration();
  changed.spec.target->volume_mounts[0].mount_path = "/other";

  const auto twice = patched(once, wish(sidecar_injection(changed, repository(kS3), kSettings)), {});

  EXPECT_EQ(names(twice, "containers"), "app,stash");
  EXPECT_EQ(names(twice, "volumes"), "data,stash-tmp-dir");
  EXPECT_NE(json::dump(item(twice, "containers", "stash")["volumeMounts"]).find("/other"), std::string::npos);
}

TEST(Inject, RemovalLeavesTheWorkloadAsItWas) {
  const json::Document before = workload();
  const auto after = patched(before, wish(sidecar_injection(configuration(), repository(kLocal), kSettings)),
                             wish(init_injection(restore(), repository(kLocal), kSettings)));

  const auto back = patched(after, {}, {});

  EXPECT_EQ(names(back, "containers"), "app");
  EXPECT_EQ(names(back, "initContainers"), "prepare");
  EXPECT_EQ(names(back, "volumes"), "data");
  EXPECT_FALSE(has_traces(back));
  EXPECT_TRUE(back["metadata"]["annotations"].ObjectEmpty());
  EXPECT_TRUE(back["spec"]["template"]["metadata"]["annotations"].ObjectEmpty());
}

TEST(Inject, WhatIsUntouchedKeepsContainerAndVolumes) {
  const Wish init = wish(init_injection(restore(), repository(kLocal), kSettings));
  const auto both =
      patched(workload(), wish(sidecar_injection(configuration(), repository(kLocal), kSettings)), init);

  const auto without_init = patched(both, untouched(), {});
  EXPECT_EQ(names(without_init, "containers"), "app,stash");
  EXPECT_EQ(names(without_init, "initContainers"), "prepare");
  EXPECT_EQ(names(without_init, "volumes"), "data,stash-local,stash-tmp-dir");

  const auto without_sidecar = patched(both, {}, untouched());
  EXPECT_EQ(names(without_sidecar, "containers"), "app");
  EXPECT_EQ(names(without_sidecar, "initContainers"), "stash-init,prepare");
  EXPECT_EQ(names(without_sidecar, "volumes"), "data,stash-restore-local,stash-tmp-dir");
}

const std::string_view kClaim =
    R"("local":{"mountPath":"/safe","persistentVolumeClaim":{"claimName":"store"}})";
const std::string_view kOtherClaim =
    R"("local":{"mountPath":"/safe","persistentVolumeClaim":{"claimName":"other"}})";

/// "volume claim" of all volumes, then the names by which our containers mount what is at /safe.
std::string claims(const json::Value& workload) {
  std::string out;
  for (const json::Value& volume : workload["spec"]["template"]["spec"]["volumes"].GetArray())
    if (volume.HasMember("persistentVolumeClaim"))
      out += fmt::format("{}={} ", json::text(volume, "name"),
                         json::text(volume, "persistentVolumeClaim", "claimName"));
  for (const char* list : {"containers", "initContainers"})
    for (const json::Value& container : workload["spec"]["template"]["spec"][list].GetArray()) {
      const json::Value* mounts = json::find(container, "volumeMounts");
      for (rapidjson::SizeType i = 0; mounts && i < mounts->Size(); ++i)
        if (json::text((*mounts)[i], "mountPath") == "/safe")
          out += fmt::format("{}:{} ", json::text(container, "name"), json::text((*mounts)[i], "name"));
    }
  return out;
}

TEST(Inject, AClaimIsOneVolumeOfThePodWhoeverMountsIt) {
  const Wish sidecar = wish(sidecar_injection(configuration(), repository(kClaim), kSettings));
  const Wish init = wish(init_injection(restore(), repository(kClaim), kSettings));
  const std::string shared = "stash-local=store stash:stash-local stash-init:stash-local ";

  EXPECT_EQ(claims(patched(workload(), sidecar, init)), shared) << "both at once";
  const json::Document backed_up = patched(workload(), sidecar, {});
  EXPECT_EQ(claims(patched(backed_up, sidecar, init)), shared) << "one after the other";
  EXPECT_EQ(claims(patched(backed_up, untouched(), init)), shared) << "beside one that is not looked at";

  const json::Document both = patched(backed_up, sidecar, init);
  EXPECT_FALSE(injection_patch(both, sidecar, init));
  EXPECT_EQ(claims(patched(both, {}, init)), "stash-local=store stash-init:stash-local ");
  EXPECT_EQ(claims(patched(both, sidecar, {})), "stash-local=store stash:stash-local ");
}

TEST(Inject, AClaimThatTheApplicationHasIsMountedByItsName) {
  json::Document own = workload();
  own["spec"]["template"]["spec"]["volumes"].PushBack(
      json::Value(json::parse(R"({"name":"cellar","persistentVolumeClaim":{"claimName":"store"}})", "volume"),
                  own.GetAllocator()),
      own.GetAllocator());
  const Wish sidecar = wish(sidecar_injection(configuration(), repository(kClaim), kSettings));

  const json::Document after = patched(own, sidecar, {});
  EXPECT_EQ(claims(after), "cellar=store stash:cellar ");
  EXPECT_EQ(claims(patched(after, {}, {})), "cellar=store ");
}

TEST(Inject, TwoClaimsAreTwoVolumesInWhateverOrderTheyCame) {
  const Wish sidecar = wish(sidecar_injection(configuration(), repository(kClaim), kSettings));
  const Wish init = wish(init_injection(restore(), repository(kClaim), kSettings));
  const Wish moved = wish(sidecar_injection(configuration(), repository(kOtherClaim), kSettings));
  const json::Document both = patched(workload(), sidecar, init);

  // The init container stays with what it has, so the sidecar takes the free name.
  EXPECT_EQ(claims(patched(both, moved, init)),
            "stash-local=store stash-restore-local=other stash:stash-restore-local stash-init:stash-local ");
}

TEST(Inject, AReplacedRestoreSessionOfTheSameNameIsRestoredAgain) {
  const auto after = patched(workload(), {}, wish(init_injection(restore("u2"), repository(kS3), kSettings)));

  EXPECT_TRUE(injection_patch(after, {}, wish(init_injection(restore("u3"), repository(kS3), kSettings))));
}

TEST(Inject, AContainerThatSomebodyTookOutComesBack) {
  const Wish sidecar = wish(sidecar_injection(configuration(), repository(kS3), kSettings));
  json::Document after = patched(workload(), sidecar, {});
  json::Value& containers = after["spec"]["template"]["spec"]["containers"];
  containers.Erase(containers.Begin() + 1);

  EXPECT_EQ(names(patched(after, sidecar, {}), "containers"), "app,stash");
}

/// An application whose containers have the names of ours.
json::Document namesake() {
  return json::parse(R"({"metadata":{"namespace":"demo","name":"web","resourceVersion":"7"},
    "spec":{"template":{"metadata":{"labels":{"app":"web"}},
      "spec":{"initContainers":[{"name":"stash-init","image":"busybox"}],
              "containers":[{"name":"stash","image":"stashapp/stash",
                "volumeMounts":[{"name":"stash-local","mountPath":"/media"}]}],
              "volumes":[{"name":"data","emptyDir":{}},{"name":"stash-local","emptyDir":{}}]}}}})",
                     "workload");
}

TEST(Inject, AContainerThatOnlyHasTheNameOfOursIsNeitherTakenNorReplaced) {
  const json::Document before = namesake();

  EXPECT_FALSE(has_traces(before));
  EXPECT_TRUE(has_foreign_sidecar(before));
  EXPECT_TRUE(has_foreign_init_container(before));
  EXPECT_FALSE(injection_patch(before, {}, {}));
  EXPECT_FALSE(injection_patch(before, wish(sidecar_injection(configuration(), repository(kS3), kSettings)),
                               wish(init_injection(restore(), repository(kS3), kSettings))));
}

TEST(Inject, ANamesakeOfOneOfOursKeepsItsVolumesAndDoesNotKeepTheOtherOut) {
  json::Document before = namesake();
  test::drop_member(before["spec"]["template"]["spec"], "initContainers");

  const auto after = patched(before, {}, wish(init_injection(restore(), repository(kS3), kSettings)));
  EXPECT_EQ(names(after, "initContainers"), "stash-init");
  EXPECT_EQ(json::text(item(after, "containers", "stash"), "image"), "stashapp/stash");
  EXPECT_EQ(names(after, "volumes"), "data,stash-local,stash-tmp-dir");
  EXPECT_FALSE(has_foreign_init_container(after));

  const auto back = patched(after, {}, {});
  EXPECT_EQ(names(back, "initContainers"), "");
  EXPECT_EQ(json::text(item(back, "containers", "stash"), "image"), "stashapp/stash");
  EXPECT_EQ(names(back, "volumes"), "data,stash-local");
}

TEST(Inject, OneOfTheAnnotationsIsEnoughToKnowOurContainerBy) {
  const Wish sidecar = wish(sidecar_injection(configuration(), repository(kS3), kSettings));
  const Wish init = wish(init_injection(restore(), repository(kS3), kSettings));
  json::Document of_workload = patched(workload(), sidecar, init);
  json::Document of_template = copy_of(of_workload);
  test::drop_member(of_workload["spec"]["template"]["metadata"], "annotations");
  test::drop_member(of_template["metadata"], "annotations");

  for (const json::Document* marked : {&of_workload, &of_template}) {
    EXPECT_TRUE(has_traces(*marked));
    EXPECT_FALSE(has_foreign_sidecar(*marked));
    EXPECT_FALSE(has_foreign_init_container(*marked));
    const auto back = patched(*marked, {}, {});
    EXPECT_EQ(names(back, "containers"), "app");
    EXPECT_EQ(names(back, "initContainers"), "prepare");
  }
  EXPECT_FALSE(injection_patch(of_template, sidecar, init));
}

TEST(Inject, WhatTheOriginalOperatorInjectedIsReplacedInItsPlaceAndTakenOut) {
  json::Document theirs =
      patched(workload(), wish(sidecar_injection(configuration(), repository(kS3), kSettings)),
              wish(init_injection(restore(), repository(kS3), kSettings)));
  auto& allocator = theirs.GetAllocator();
  json::Value& pod = theirs["spec"]["template"];
  for (const auto key : {api::kBackupHashAnnotation, api::kRestoreHashAnnotation})
    test::member(pod["metadata"]["annotations"], std::string(key), allocator).SetString("12345");
  pod["spec"]["containers"][1]["image"].SetString("appscode/stash");

  const auto ours = patched(theirs, wish(sidecar_injection(configuration(), repository(kS3), kSettings)),
                            wish(init_injection(restore(), repository(kS3), kSettings)));
  EXPECT_EQ(names(ours, "containers"), "app,stash");
  EXPECT_EQ(names(ours, "initContainers"), "stash-init,prepare");
  EXPECT_EQ(json::text(item(ours, "containers", "stash"), "image"), "reg/stash:1");

  const auto back = patched(theirs, {}, {});
  EXPECT_EQ(names(back, "containers"), "app");
  EXPECT_EQ(names(back, "initContainers"), "prepare");
}

TEST(Inject, ThePatchIsForTheVersionThatWasRead) {
  const auto patch =
      injection_patch(workload(), wish(sidecar_injection(configuration(), repository(kS3), kSettings)), {});

  EXPECT_NE(patch->find(R"({"op":"replace","path":"/metadata/resourceVersion","value":"7"})"),
            std::string::npos);
}

TEST(Inject, RuntimeSettingsReachTheContainer) {
  const auto injection = sidecar_injection(
      configuration(R"("tempDir":{"medium":"Memory","sizeLimit":"1Gi"},"runtimeSettings":{"container":{
        "resources":{"limits":{"memory":"128Mi"}},"securityContext":{"runAsUser":5},
        "nice":{"adjustment":5},"ionice":{"class":2,"classData":4},"env":[{"name":"A","value":"b"}],
        "envFrom":[{"secretRef":{"name":"s"}}]}},)"),
      repository(kS3), kSettings);
  const json::Document container = json::parse(injection.container, "container");

  EXPECT_EQ(json::text(container, "resources", "limits", "memory"), "128Mi");
  EXPECT_EQ(json::integer(container, "securityContext", "runAsUser"), 5);
  EXPECT_EQ(json::dump(container["envFrom"]), R"([{"secretRef":{"name":"s"}}])");
  std::string env;
  for (const auto& entry : container["env"].GetArray())
    env += fmt::format("{}={} ", json::text(entry, "name"), json::text(entry, "value"));
  EXPECT_EQ(env, "NODE_NAME= POD_NAME= NICE_ADJUSTMENT=5 IONICE_CLASS=2 IONICE_CLASS_DATA=4 A=b ");
  EXPECT_EQ(injection.volumes.back().json,
            R"({"name":"stash-tmp-dir","emptyDir":{"medium":"Memory","sizeLimit":"1Gi"}})");
}

TEST(Inject, AMountReachesTheContainerAsItWasWritten) {
  api::BackupConfiguration bc = configuration();
  api::VolumeMount& mount = bc.spec.target->volume_mounts[0];
  mount.sub_path.clear();
  mount.sub_path_expr = "$(POD_NAME)";
  mount.read_only = true;
  mount.recursive_read_only = "IfPossible";
  mount.mount_propagation = "HostToContainer";

  const auto injection = sidecar_injection(bc, repository(kS3), kSettings);
  EXPECT_EQ(json::dump(json::parse(injection.container, "container")["volumeMounts"][1]),
            R"-({"name":"data","mountPath":"/data","subPathExpr":"$(POD_NAME)","readOnly":true,)-"
            R"-("recursiveReadOnly":"IfPossible","mountPropagation":"HostToContainer"})-");
}

TEST(Inject, TheHashDoesNotTellWhomTheWorkloadRunsAs) {
  json::Document locked = workload();
  json::Value security =
      json::Value(json::parse(R"({"runAsNonRoot":true})", "context"), locked.GetAllocator());
  locked["spec"]["template"]["spec"].AddMember("securityContext", security, locked.GetAllocator());

  const Injection sidecar = sidecar_injection(configuration(), repository(kS3), locked, kSettings);
  const Injection init = init_injection(restore(), repository(kS3), locked, kSettings);
  EXPECT_EQ(sidecar.hash, sidecar_injection(configuration(), repository(kS3), kSettings).hash);
  EXPECT_EQ(init.hash, init_injection(restore(), repository(kS3), kSettings).hash);
  for (const Injection* injection : {&sidecar, &init})
    EXPECT_TRUE(
        json::is_true(json::parse(injection->container, "container"), "securityContext", "runAsNonRoot"));
  const std::string own = R"("runtimeSettings":{"container":{"securityContext":{"runAsUser":5}}},)";
  const Injection told = sidecar_injection(configuration(own), repository(kS3), locked, kSettings);
  EXPECT_EQ(json::dump(json::parse(told.container, "container")["securityContext"]), R"({"runAsUser":5})");
}

TEST(Inject, ASidecarRunsAsThePodDoesUnlessToldOtherwise) {
  const auto injection = sidecar_injection(configuration(), repository(kS3), kSettings);
  EXPECT_FALSE(json::find(json::parse(injection.container, "container"), "securityContext"));
}

}  // namespace
}  // namespace stash::controller
