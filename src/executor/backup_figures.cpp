#include "executor/backup_figures.hpp"

#include "executor/reporter.hpp"
#include "stash/base/bytes.hpp"

namespace stash::executor {

api::SnapshotStats stats_of(const engine::BackupResult& result, const std::string& path) {
  const engine::Snapshot& snapshot = result.snapshot;
  api::SnapshotStats stats;
  stats.name = snapshot.id;
  stats.path = path;
  stats.total_size = format_size(snapshot.counts.bytes);
  stats.uploaded = format_size(snapshot.bytes_stored);
  stats.processing_time = processing_time(result.duration);
  stats.file_stats.total_files = static_cast<std::int64_t>(snapshot.counts.files());
  stats.file_stats.new_files = static_cast<std::int64_t>(snapshot.counts.files_new);
  stats.file_stats.modified_files = static_cast<std::int64_t>(snapshot.counts.files_changed);
  stats.file_stats.unmodified_files = static_cast<std::int64_t>(snapshot.counts.files_unmodified);
  return stats;
}

void add_figures(api::HostBackupFigures& to, const engine::BackupResult& result) {
  const engine::FileCounts& counts = result.snapshot.counts;
  to.processing_seconds += std::chrono::duration<double>(result.duration).count();
  to.bytes += counts.bytes;
  to.uploaded_bytes += result.snapshot.bytes_stored;
  to.files += counts.files();
  to.files_new += counts.files_new;
  to.files_modified += counts.files_changed;
  to.files_unmodified += counts.files_unmodified;
}

}  // namespace stash::executor
