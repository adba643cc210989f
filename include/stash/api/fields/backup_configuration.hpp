#pragma once

// The field tables of BackupConfiguration (backup_configuration.hpp).

#include "stash/api/backup_configuration.hpp"
#include "stash/api/fields/hooks.hpp"
#include "stash/api/fields/runtime.hpp"
#include "stash/api/fields/target.hpp"
#include "stash/api/fields/types.hpp"

namespace stash::api {

constexpr auto BackupConfigurationSpec::fields() {
  using S = BackupConfigurationSpec;
  return std::tuple{
      Field{"task", &S::task, "Task that does the backup, for targets that are no workloads."},
      Field{"target", &S::target, "What to back up."},
      Field{"runtimeSettings", &S::runtime_settings, "Settings for the pods and containers that are made."},
      Field{"tempDir", &S::temp_dir, "Scratch directory of the executor."},
      Field{"interimVolumeTemplate", &S::interim_volume_template, "Claim that holds dumps for a while."},
      Field{"hooks", &S::hooks, "What to do before and after."},
      Field{"schedule", &S::schedule, "Cron expression with 5 fields, e.g. */30 * * * *."},
      Field{"driver", &S::driver, "Restic (file level, the default) or VolumeSnapshotter."},
      Field{"repository", &S::repository, "Repository that the data goes to."},
      Field{"retentionPolicy", &S::retention_policy, "Which snapshots are kept.", {.required = true}},
      Field{"paused", &S::paused, "Start no scheduled backups."},
      Field{"backupHistoryLimit", &S::backup_history_limit,
            "Finished BackupSessions to keep; 1 when not given."},
      Field{"timeOut", &S::time_out, "Longest time for one session, e.g. 1h."},
      Field{"retryConfig", &S::retry_config, "How failed sessions are tried again."}};
}

constexpr auto BackupConfigurationStatus::fields() {
  using S = BackupConfigurationStatus;
  return std::tuple{
      Field{"observedGeneration", &S::observed_generation, "Generation that the operator has seen."},
      Field{"conditions", &S::conditions, "What has been found and done."},
      Field{"phase", &S::phase, "Ready, NotReady or Invalid."}};
}

}  // namespace stash::api
