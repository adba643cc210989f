#include "stash/api/metrics.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace stash::api {
namespace {

using testing::HasSubstr;
using testing::Not;

const TimePoint kEnd = parse_time("2026-11-23T10:00:00.5Z").value();

MetricsSource source() {
  MetricsSource out;
  out.invoker_kind = "BackupConfiguration";
  out.invoker_name = "nightly";
  out.ns = "demo";
  out.repository = "store";
  return out;
}

const std::string kLabels =
    R"(invoker_kind="BackupConfiguration",invoker_name="nightly",namespace="demo",driver="Restic",repository="store")";
const TargetRef kTarget{"apps/v1", "StatefulSet", "ledger", ""};
const std::string kTargetLabels = kLabels + R"(,kind="StatefulSet",group="apps",name="ledger")";

TEST(PushedMetrics, GoOutUnderBothNames) {
  metrics::Registry registry;
  add_backup_session(registry, source(), true, 12.5, 1, kEnd);
  const std::string text = registry.text();
  for (const char* prefix : {"stash_backup_session_", "stash_appscode_com_backupsession_"}) {
    EXPECT_THAT(text, HasSubstr(fmt::format("\n{}success{{{}}} 1\n", prefix, kLabels)));
    EXPECT_THAT(text, HasSubstr(fmt::format("\n{}duration_seconds{{{}}} 12.5\n", prefix, kLabels)));
    EXPECT_THAT(text, HasSubstr(fmt::format("\n{}target_count_total{{{}}} 1\n", prefix, kLabels)));
    EXPECT_THAT(text,
                HasSubstr(fmt::format("\n{}last_success_time_seconds{{{}}} 1795428000\n", prefix, kLabels)));
  }
}

TEST(PushedMetrics, TellOnlyTheFailureOfAFailure) {
  metrics::Registry registry;
  add_backup_session(registry, source(), false, 12.5, 1, kEnd);
  add_backup_target(registry, source(), kTarget, false, 3, kEnd);
  add_backup_host(registry, source(), kTarget, "host-0", nullptr);
  add_restore_session(registry, source(), false, 1, 1);
  add_restore_target(registry, source(), kTarget, false, 3);
  add_restore_host(registry, source(), kTarget, "host-0", std::nullopt);
  const std::string text = registry.text();
  EXPECT_THAT(text, HasSubstr("stash_backup_session_success{" + kLabels + "} 0\n"));
  EXPECT_THAT(text,
              HasSubstr("stash_backup_host_backup_success{" + kTargetLabels + R"(,hostname="host-0"} 0)"));
  EXPECT_THAT(text, HasSubstr("stash_restore_host_restore_success{"));
  for (const char* absent : {"duration", "last_success", "total", "bytes", " 1\n"})
    EXPECT_THAT(text, Not(HasSubstr(absent)));
}

TEST(PushedMetrics, DescribeTheTarget) {
  metrics::Registry registry;
  add_backup_target(registry, source(), kTarget, true, 3, kEnd);
  add_restore_target(registry, source(), kTarget, true, 2);
  EXPECT_THAT(registry.text(), HasSubstr("stash_backup_target_host_count_total{" + kTargetLabels + "} 3\n"));
  EXPECT_THAT(registry.text(), HasSubstr("stash_appscode_com_restoresession_target_host_count_total{" +
                                         kTargetLabels + "} 2\n"));
}

TEST(PushedMetrics, DescribeTheHostsWork) {
  HostBackupFigures figures;
  figures.seconds = 3;
  figures.processing_seconds = 2;
  figures.bytes = 100;
  figures.uploaded_bytes = 10;
  figures.files = 7;
  figures.files_new = 1;
  figures.files_modified = 2;
  figures.files_unmodified = 4;
  metrics::Registry registry;
  add_backup_host(registry, source(), kTarget, "host-1", &figures);
  const std::string labels = "{" + kTargetLabels + R"(,hostname="host-1"} )";
  for (const auto& [name, value] :
       std::vector<std::pair<std::string, std::string>>{{"backup_success", "1"},
                                                        {"backup_duration_seconds", "3"},
                                                        {"data_size_bytes", "100"},
                                                        {"data_uploaded_bytes", "10"},
                                                        {"data_processing_time_seconds", "2"},
                                                        {"files_total", "7"},
                                                        {"files_new", "1"},
                                                        {"files_modified", "2"},
                                                        {"files_unmodified", "4"}}) {
    EXPECT_THAT(registry.text(), HasSubstr("\nstash_backup_host_" + name + labels + value + "\n"));
    EXPECT_THAT(registry.text(),
                HasSubstr("\nstash_appscode_com_backupsession_host_" + name + labels + value + "\n"));
  }
}

TEST(PushedMetrics, OverrideTheNamespaceForARepositoryAndLeaveOutWhatIsUnknown) {
  RepositoryFigures figures;
  figures.name = "store";
  figures.ns = "backups";
  figures.provider = "s3";
  figures.container = "b";
  figures.prefix = "p";
  figures.integrity = false;
  figures.bytes = 5;
  metrics::Registry registry;
  add_repository(registry, source(), figures);
  const std::string labels =
      R"({invoker_kind="BackupConfiguration",invoker_name="nightly",namespace="backups",driver="Restic",repository="store",)"
      R"(name="store",backend="s3",bucket="b",prefix="p"} )";
  EXPECT_THAT(registry.text(), HasSubstr("\nstash_repository_integrity" + labels + "0\n"));
  EXPECT_THAT(registry.text(), HasSubstr("\nstash_appscode_com_repository_size_bytes" + labels + "5\n"));
  EXPECT_THAT(registry.text(), Not(HasSubstr("snapshot_count")));
}

TEST(PushedMetrics, NameTheirJobInLowerCase) {
  EXPECT_EQ(push_job(source()), "backupconfiguration-demo-nightly");
}

TEST(PushedMetrics, NameAClaimInsteadOfARepositoryForSnapshots) {
  MetricsSource snapshots = source();
  snapshots.driver = "VolumeSnapshotter";
  metrics::Registry registry;
  add_backup_session(registry, snapshots, true, 1, 1, kEnd);
  EXPECT_THAT(registry.text(),
              HasSubstr(R"(driver="VolumeSnapshotter",kind="PersistentVolumeClaim",group=""})"));
}

}  // namespace
}  // namespace stash::api
