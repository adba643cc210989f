#pragma once

#include "stash/api/backup_configuration.hpp"
#include "stash/api/backup_session.hpp"
#include "stash/api/restore_session.hpp"

/// Phases are computed from conditions and host entries, never remembered: whoever computes them from the
/// same object gets the same answer.
///
/// Where the original differs: there, MetricsPushed False (a Pushgateway that does not answer) makes a
/// session Failed. Metrics are best effort here: MetricsPushed, True or False, says that the session has come
/// to its end, and neither it nor RepositoryMetricsPushed decides between Succeeded and Failed.
namespace stash::api {

/// Repository or Secret missing: NotReady. Validation failed: Invalid. Validated and CronJob made, and for
/// the driver Restic Repository and Secret found: Ready. Else NotReady.
InvokerPhase backup_configuration_phase(const std::vector<Condition>& conditions, Driver driver);

/// Failed when the executor, a hook or a disruption failed it; Pending until totalHosts is known (and while
/// it is 0: no host can succeed); when every host has reported Failed if one failed, else Succeeded; before
/// that Running.
TargetPhase backup_target_phase(const BackupTargetStatus& target);
/// Nobody is waited for any more: every host has reported, or there is no executor (or none any more) to do
/// so. A target that a hook has failed is Failed at once, but its other hosts still work.
bool is_finished(const BackupTargetStatus& target);
/// At least one target, and each finished.
bool all_targets_finished(const BackupSessionStatus& status);

/// Skipped, Failed by the deadline, the history or a global hook, Pending while no target has begun, and once
/// every target has finished and MetricsPushed is set: Succeeded, or Failed when a target, the retention or
/// the check failed. Else Running.
SessionPhase backup_session_phase(const BackupSessionStatus& status);

/// The target of a RestoreSession: like a backup's, with Unknown when one host is Unknown, and with a hook's
/// failure told only when every host has reported. Failed also by RestoreCompleted False, which ends it
/// before that.
RestorePhase restore_target_phase(const RestoreSessionStatus& status);
/// Failed by the deadline; Invalid when validation failed; Pending while something it needs is missing; final
/// once every host has reported and MetricsPushed is set; else Running. (The original reports a session that
/// failed validation as Pending, because it asks for missing things first.)
RestorePhase restore_session_phase(const RestoreSessionStatus& status);

}  // namespace stash::api
