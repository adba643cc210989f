#include "stash/api/spec_hash.hpp"

#include <gtest/gtest.h>

#include "api/objects.hpp"

namespace stash::api {
namespace {

const Backend kS3 = test::repository(R"("s3":{"endpoint":"e","bucket":"b"})").spec.backend;

std::string after(void (*change)(BackupConfiguration&)) {
  BackupConfiguration configuration = test::configuration();
  change(configuration);
  return injection_hash(configuration, kS3);
}

const std::string kBefore = after([](auto&) {});

TEST(InjectionHash, StaysTheSameAcrossVersions) { EXPECT_EQ(kBefore, "dbdb1150ce19820b"); }

TEST(InjectionHash, IgnoresWhatDoesNotReachThePod) {
  EXPECT_EQ(kBefore, after([](auto& c) { c.spec.paused = true; }));
  EXPECT_EQ(kBefore, after([](auto& c) { c.spec.schedule = "@daily"; }));
  EXPECT_EQ(kBefore, after([](auto& c) { c.spec.retention_policy.keep_last = 9; }));
  EXPECT_EQ(kBefore, after([](auto& c) { c.spec.target->paths = {"/other"}; }));
  EXPECT_EQ(kBefore, after([](auto& c) { c.spec.target->exclude = {"*.o"}; }));
  EXPECT_EQ(kBefore, after([](auto& c) { c.spec.hooks.emplace().pre_backup.emplace(); }));
  EXPECT_EQ(kBefore, after([](auto& c) { c.spec.runtime_settings.pod.emplace().node_name = "n"; }));
  EXPECT_EQ(kBefore, after([](auto& c) { c.spec.backup_history_limit = 9; }));
  EXPECT_EQ(kBefore, after([](auto& c) { c.metadata.uid = "made anew"; }));
  EXPECT_EQ(kBefore, after([](auto& c) { c.spec.temp_dir.disable_caching = true; }));
}

TEST(InjectionHash, ChangesWithTheContainer) {
  EXPECT_NE(kBefore, after([](auto& c) { c.metadata.name = "other"; }));
  EXPECT_NE(kBefore, after([](auto& c) { c.spec.target->volume_mounts[0].mount_path = "/x"; }));
  EXPECT_NE(kBefore, after([](auto& c) { c.spec.temp_dir.medium = "Memory"; }));
  EXPECT_NE(kBefore, after([](auto& c) { c.spec.temp_dir.size_limit.text = "\"1Gi\""; }));
  EXPECT_NE(kBefore, after([](auto& c) {
              c.spec.runtime_settings.container.emplace().resources.text = R"({"limits":{}})";
            }));
}

TEST(InjectionHash, SeesTheVolumeOfALocalBackendOnly) {
  const auto hash = [](const char* backend) {
    return injection_hash(test::configuration(), test::repository(backend).spec.backend);
  };
  EXPECT_EQ(kBefore, hash(R"("s3":{"endpoint":"e2","bucket":"b2"})"));
  const std::string local = hash(R"("local":{"mountPath":"/l","nfs":{"server":"s","path":"/"}})");
  EXPECT_NE(kBefore, local);
  EXPECT_NE(local, hash(R"("local":{"mountPath":"/m","nfs":{"server":"s","path":"/"}})"));
  EXPECT_NE(local, hash(R"("local":{"mountPath":"/l","nfs":{"server":"t","path":"/"}})"));
}

TEST(InjectionHash, IgnoresTheOrderOfMembers) {
  const auto hash = [](const char* resources) {
    BackupConfiguration configuration = test::configuration();
    configuration.spec.runtime_settings.container.emplace().resources.text = resources;
    return injection_hash(configuration, kS3);
  };
  EXPECT_EQ(hash(R"({"limits":{"cpu":"1","memory":"1Gi"}})"),
            hash(R"({"limits":{"memory":"1Gi","cpu":"1"}})"));
  EXPECT_NE(hash(R"({"limits":{"cpu":"1"}})"), hash(R"({"limits":{"cpu":"2"}})"));
}

TEST(InjectionHash, TellsARestoreFromTheOneItReplaces) {
  RestoreSession session = test::restore();
  const std::string before = injection_hash(session, kS3);
  session.metadata.uid = "another";
  EXPECT_NE(before, injection_hash(session, kS3));
  EXPECT_NE(before, kBefore);
}

}  // namespace
}  // namespace stash::api
