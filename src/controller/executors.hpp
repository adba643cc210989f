#pragma once

// Pure: which hosts of a target have reported, and which have an executor that could back them up, read from
// the workload and its pods.

#include <cstdint>
#include <set>
#include <string>
#include <string_view>

#include "stash/api/backup_session.hpp"
#include "stash/api/restore_session.hpp"
#include "stash/base/time.hpp"
#include "stash/json/value.hpp"

namespace stash::controller {

/// True when the pods of the workload's present template are made and one of them is ready: the sidecars that
/// are going to come are here, or on their way.
bool is_rolled_out(std::string_view kind, const json::Value& workload);

/// Some pod that should be ready is not.
bool lacks_ready_pods(std::string_view kind, const json::Value& workload);

/// Hosts that have said how their work went, and how many were to when that was last counted.
struct Reports {
  std::set<std::string> hosts;
  std::int32_t expected = 0;

  Reports() {}
};
Reports reports_of(const api::BackupTargetStatus& target);
Reports reports_of(const api::RestoreSessionStatus& status);

/// True when the workload alone does not tell who has to report.
bool count_needs_pods(std::string_view kind, const json::Value& workload, const Reports& reports);
/// The same, or who is there to do so.
bool needs_pods(std::string_view kind, const json::Value& workload, const Reports& reports);

/// "app=web,tier=db": what the labels of the workload's pods hold at least; may be "".
std::string pod_selector(const json::Value& workload);

/// What is looked for in the pods of a workload.
struct PodQuery {
  std::string kind;
  std::string alias;
  std::string invoker;  ///< BackupConfiguration that a sidecar works for
  std::string hash;     ///< of the sidecar as it wants it now; "" when that is not asked
};

/// Hosts of a workload's pods, but for those that are being deleted.
struct PodHosts {
  std::set<std::string> present;
  std::set<std::string> with_sidecar;  ///< that of the invoker is ready
  std::set<std::string> up_to_date;    ///< and has the hash
  std::set<std::string> restoring;     ///< its init container runs

  PodHosts() {}
};

/// Adds the hosts of one page of pods as they are at `now`.
void add_hosts(const PodQuery& query, const json::Value& workload, const json::Value& pod_list, TimePoint now,
               PodHosts& to);

/// Hosts that have to report. One that is gone after it had reported still counts: it would else stand for
/// one that has not. Of a DaemonSet only its pods tell who is gone; without them nothing is taken off. One
/// that is scaled to nothing before anybody has reported counts as it did.
std::int32_t expected_hosts(std::string_view kind, std::string_view alias, const json::Value& workload,
                            const Reports& reports, const PodHosts* pods);

struct Missing {
  std::int32_t hosts = 0;       ///< have not reported, and nobody is there who could
  bool others_working = false;  ///< some that have not reported can
  bool nobody = false;          ///< no host has an executor: nor is there one for retention and check
};
Missing missing_hosts(std::int32_t expected, const api::BackupTargetStatus& target,
                      const std::set<std::string>& with_executor);

}  // namespace stash::controller
