#pragma once

// The field tables of RestoreSession (restore_session.hpp).

#include "stash/api/fields/backup_configuration.hpp"
#include "stash/api/fields/hooks.hpp"
#include "stash/api/fields/runtime.hpp"
#include "stash/api/fields/target.hpp"
#include "stash/api/fields/types.hpp"
#include "stash/api/restore_session.hpp"

namespace stash::api {

constexpr auto RestoreSessionSpec::fields() {
  using S = RestoreSessionSpec;
  return std::tuple{
      Field{"task", &S::task, "Task that does the restore, for targets that are no workloads."},
      Field{"target", &S::target, "What to restore into."},
      Field{"runtimeSettings", &S::runtime_settings, "Settings for the pods and containers that are made."},
      Field{"tempDir", &S::temp_dir, "Scratch directory of the executor."},
      Field{"interimVolumeTemplate", &S::interim_volume_template, "Claim that holds dumps for a while."},
      Field{"hooks", &S::hooks, "What to do before and after."},
      Field{"driver", &S::driver, "Restic (file level, the default) or VolumeSnapshotter."},
      Field{"repository", &S::repository, "Repository that the data comes from."},
      Field{"rules", &S::rules, "Deprecated: use spec.target.rules.", {.max_items = 32}},
      Field{"timeOut", &S::time_out, "Longest time for the session, e.g. 1h."}};
}

constexpr auto HostRestoreStats::fields() {
  using H = HostRestoreStats;
  return std::tuple{Field{"hostname", &H::hostname, "Name of the host."},
                    Field{"phase", &H::phase, "Succeeded, Failed, Running or Unknown."},
                    Field{"duration", &H::duration, "How long the host took."},
                    Field{"error", &H::error, "Why it failed."}};
}

constexpr auto RestoreSessionStatus::fields() {
  using S = RestoreSessionStatus;
  return std::tuple{
      Field{"phase", &S::phase, "Pending, Running, Succeeded, Failed, Unknown or Invalid."},
      Field{"totalHosts", &S::total_hosts, "Hosts that have to report."},
      Field{"sessionDuration", &S::session_duration, "From creation to completion."},
      Field{"sessionDeadline", &S::session_deadline, "When the session fails if it is not finished."},
      Field{"stats", &S::stats, "One entry a host."},
      Field{"conditions", &S::conditions, "What has been found and done."}};
}

}  // namespace stash::api
