#include "stash/api/metrics.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

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

/// Old name, new name.
const std::set<std::string> kNames{
    "stash_backup_session_success",
    "stash_appscode_com_backupsession_success",
    "stash_backup_session_duration_seconds",
    "stash_appscode_com_backupsession_duration_seconds",
    "stash_backup_target_count_total",
    "stash_appscode_com_backupsession_target_count_total",
    "stash_backup_last_success_time_seconds",
    "stash_appscode_com_backupsession_last_success_time_seconds",
    "stash_backup_target_success",
    "stash_appscode_com_backupsession_target_success",
    "stash_backup_target_host_count_total",
    "stash_appscode_com_backupsession_target_host_count_total",
    "stash_backup_target_last_success_time_seconds",
    "stash_appscode_com_backupsession_target_last_success_time_seconds",
    "stash_backup_host_backup_success",
    "stash_appscode_com_backupsession_host_backup_success",
    "stash_backup_host_backup_duration_seconds",
    "stash_appscode_com_backupsession_host_backup_duration_seconds",
    "stash_backup_host_data_size_bytes",
    "stash_appscode_com_backupsession_host_data_size_bytes",
    "stash_backup_host_data_uploaded_bytes",
    "stash_appscode_com_backupsession_host_data_uploaded_bytes",
    "stash_backup_host_data_processing_time_seconds",
    "stash_appscode_com_backupsession_host_data_processing_time_seconds",
    "stash_backup_host_files_total",
    "stash_appscode_com_backupsession_host_files_total",
    "stash_backup_host_files_new",
    "stash_appscode_com_backupsession_host_files_new",
    "stash_backup_host_files_modified",
    "stash_appscode_com_backupsession_host_files_modified",
    "stash_backup_host_files_unmodified",
    "stash_appscode_com_backupsession_host_files_unmodified",
    "stash_restore_session_success",
    "stash_appscode_com_restoresession_success",
    "stash_restore_session_duration_seconds",
    "stash_appscode_com_restoresession_duration_seconds",
    "stash_restore_target_count_total",
    "stash_appscode_com_restoresession_target_count_total",
    "stash_restore_target_success",
    "stash_appscode_com_restoresession_target_success",
    "stash_restore_target_host_count_total",
    "stash_appscode_com_restoresession_target_host_count_total",
    "stash_restore_host_restore_success",
    "stash_appscode_com_restoresession_host_restore_success",
    "stash_restore_host_restore_duration_seconds",
    "stash_appscode_com_restoresession_host_restore_duration_seconds",
    "stash_repository_integrity",
    "stash_appscode_com_repository_integrity",
    "stash_repository_size_bytes",
    "stash_appscode_com_repository_size_bytes",
    "stash_repository_snapshot_count",
    "stash_appscode_com_repository_snapshot_count",
    "stash_repository_snapshot_cleaned",
    "stash_appscode_com_repository_snapshot_cleaned",
};

/// The families of a text.
std::set<std::string> names_in(const std::string& text) {
  const std::string_view head = "# TYPE ";
  std::set<std::string> names;
  for (auto at = text.find(head); at != text.npos; at = text.find(head, at)) {
    at += head.size();
    names.insert(text.substr(at, text.find(' ', at) - at));
  }
  return names;
}

TEST(PushedMetrics, HaveTheNamesThatDashboardsKnowAndNoOther) {
  const HostBackupFigures host;
  RepositoryFigures store;
  store.integrity = true;
  store.bytes = store.snapshots = store.snapshots_removed = 1;
  metrics::Registry registry;
  add_backup_session(registry, source(), true, 1, 1, kEnd);
  add_backup_target(registry, source(), kTarget, true, 1, kEnd);
  add_backup_host(registry, source(), kTarget, "host-0", &host);
  add_restore_session(registry, source(), true, 1, 1);
  add_restore_target(registry, source(), kTarget, true, 1);
  add_restore_host(registry, source(), kTarget, "host-0", 1);
  add_repository(registry, source(), store);

  EXPECT_EQ(names_in(registry.text()), kNames);
}

TEST(PushedMetrics, GoOutUnderBothNames) {
  metrics::Registry registry;
  add_backup_session(registry, source(), true, 12.5, 1, kEnd);
  add_restore_session(registry, source(), true, 7, 2);
  const std::string text = registry.text();
  for (const auto& [name, value] : std::vector<std::pair<std::string, std::string>>{
           {"stash_backup_session_success", "1"},
           {"stash_backup_session_duration_seconds", "12.5"},
           {"stash_backup_target_count_total", "1"},
           {"stash_backup_last_success_time_seconds", "1795428000"},
           {"stash_restore_target_count_total", "2"},
           {"stash_appscode_com_backupsession_success", "1"},
           {"stash_appscode_com_backupsession_duration_seconds", "12.5"},
           {"stash_appscode_com_backupsession_target_count_total", "1"},
           {"stash_appscode_com_backupsession_last_success_time_seconds", "1795428000"},
           {"stash_appscode_com_restoresession_target_count_total", "2"}})
    EXPECT_THAT(text, HasSubstr(fmt::format("\n{}{{{}}} {}\n", name, kLabels, value)));
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
