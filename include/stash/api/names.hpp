#pragma once

#include <map>
#include <string>
#include <string_view>

#include "stash/api/backup_configuration.hpp"

/// Names, labels and annotations of everything the operator makes. They are part of the API: users,
/// dashboards and GitOps tools know them, and a restarted operator finds its own objects by them.
namespace stash::api {

inline constexpr std::string_view kGroup = "stash.appscode.com";

/// On Repository.
inline constexpr std::string_view kRepositoryFinalizer = "stash";
/// On BackupConfiguration and RestoreSession.
inline constexpr std::string_view kInvokerFinalizer = "stash.appscode.com";

inline constexpr std::string_view kSidecarContainer = "stash";
inline constexpr std::string_view kInitContainer = "stash-init";
inline constexpr std::string_view kTriggerContainer = "stash-trigger";

inline constexpr std::string_view kTempVolume = "stash-tmp-dir";
inline constexpr std::string_view kTempMountPath = "/stash-tmp";
/// Volume of a `local` backend.
inline constexpr std::string_view kLocalVolume = "stash-local";

inline constexpr std::string_view kComponentLabel = "app.kubernetes.io/component";
inline constexpr std::string_view kBackupComponent = "stash-backup";
inline constexpr std::string_view kRestoreComponent = "stash-restore";
inline constexpr std::string_view kManagedByLabel = "app.kubernetes.io/managed-by";
inline constexpr std::string_view kManagedBy = "stash.appscode.com";
inline constexpr std::string_view kInvokerTypeLabel = "stash.appscode.com/invoker-type";
inline constexpr std::string_view kInvokerNameLabel = "stash.appscode.com/invoker-name";
inline constexpr std::string_view kTargetKindLabel = "stash.appscode.com/target-kind";
inline constexpr std::string_view kTargetNameLabel = "stash.appscode.com/target-name";
inline constexpr std::string_view kTargetNamespaceLabel = "stash.appscode.com/target-namespace";
/// On a Job that the operator removes once it has succeeded.
inline constexpr std::string_view kDeleteJobLabel = "stash.appscode.com/delete-job-on-completion";

/// On the workload: the applied invoker as JSON, and its kind.
inline constexpr std::string_view kBackupInvokerAnnotation = "stash.appscode.com/last-applied-backup-invoker";
inline constexpr std::string_view kBackupInvokerKindAnnotation =
    "stash.appscode.com/last-applied-backup-invoker-kind";
inline constexpr std::string_view kRestoreInvokerAnnotation =
    "stash.appscode.com/last-applied-restore-invoker";
inline constexpr std::string_view kRestoreInvokerKindAnnotation =
    "stash.appscode.com/last-applied-restore-invoker-kind";
/// On the pod template: see spec_hash.hpp.
inline constexpr std::string_view kBackupHashAnnotation =
    "stash.appscode.com/last-applied-backup-invoker-hash";
inline constexpr std::string_view kRestoreHashAnnotation =
    "stash.appscode.com/last-applied-restore-invoker-hash";

/// ClusterRoles that `stash install` makes; the operator binds them in the namespaces of targets.
inline constexpr std::string_view kSidecarRole = "stash-sidecar";
inline constexpr std::string_view kInitRole = "stash-restore-init-container";
inline constexpr std::string_view kExecRole = "stash-hook-exec";
inline constexpr std::string_view kTriggerRole = "stash-cron-job";

/// What the operator does for a target before the first host, and the executor after the last.
inline constexpr std::string_view kInitializeAction = "InitializeBackendRepository";
inline constexpr std::string_view kRetentionAction = "ApplyRetentionPolicy";
inline constexpr std::string_view kIntegrityAction = "VerifyRepositoryIntegrity";
inline constexpr std::string_view kRepositoryMetricsAction = "SendRepositoryMetrics";

using Labels = std::map<std::string, std::string>;

/// Labels of everything made for an invoker: its own, the component and managed-by.
Labels offshoot_labels(const Labels& of_invoker, std::string_view component);
/// The same plus invoker and target: labels of a BackupSession.
Labels session_labels(const BackupConfiguration& configuration);
/// `text` as a label value: at most 63 characters, longer ones shortened().
std::string label_value(std::string_view text);

/// `text` when it has at most `limit` characters, else its beginning, a dash, and 8 hexadecimal digits that
/// stand for the whole, so that two long names do not become one. `limit` is at least 16; the result ends in
/// a letter or digit.
std::string shortened(std::string_view text, std::size_t limit);

/// CronJob of a BackupConfiguration, also the name of its ServiceAccount and RoleBinding:
/// `stash-trigger-<name>`, dots as dashes, the last 52 characters; with the invoker's namespace before the
/// name when the target lives in another one.
std::string cron_job_name(const BackupConfiguration& configuration);
/// `<invoker>-<unix seconds>`, at most 63 characters.
std::string session_name(std::string_view invoker, TimePoint at);

/// Lease that serialises the executors of a workload: `lock-<kind>-<workload>-backup`, kind in lower case.
std::string backup_lease_name(std::string_view kind, std::string_view workload);
std::string restore_lease_name(std::string_view kind, std::string_view workload);
/// Lease by which the operator's replicas elect the one that works.
inline constexpr std::string_view kOperatorLease = "stash-operator";

/// RoleBinding to kSidecarRole, and the Role and RoleBinding that let the sidecar read its own Repository and
/// Secret: `stash-sidecar-<kind>-<workload>`.
std::string sidecar_binding_name(std::string_view kind, std::string_view workload);
/// The same for kInitRole: `stash-restore-init-container-<kind>-<workload>`.
std::string init_binding_name(std::string_view kind, std::string_view workload);
/// RoleBindings to kExecRole, for a workload whose hooks run commands:
/// `stash-hook-exec-backup-<kind>-<workload>` and `stash-hook-exec-restore-<kind>-<workload>`.
std::string backup_exec_binding_name(std::string_view kind, std::string_view workload);
std::string restore_exec_binding_name(std::string_view kind, std::string_view workload);
/// Role and RoleBinding in the Repository's namespace when it is another one:
/// `<namespace>-<kind>-<invoker>-<index>`.
std::string repository_binding_name(std::string_view invoker_ns, std::string_view invoker_kind,
                                    std::string_view invoker, int index);

}  // namespace stash::api
