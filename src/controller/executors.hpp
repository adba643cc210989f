#pragma once

// Pure: which hosts of a target have an executor that could back them up, read from the workload and its
// pods.

#include <cstdint>
#include <set>
#include <string>
#include <string_view>

#include "stash/api/backup_session.hpp"
#include "stash/json/value.hpp"

namespace stash::controller {

/// True when the pods of the workload's present template are made and one of them is ready: the sidecars that
/// are going to come are here, or on their way.
bool is_rolled_out(std::string_view kind, const json::Value& workload);

/// Some pod that should be ready is not.
bool lacks_ready_pods(std::string_view kind, const json::Value& workload);

/// "app=web,tier=db" of the workload's pods; "" when it selects by nothing that can be told so.
std::string pod_selector(const json::Value& workload);

/// Adds the hosts of one page of pods whose container `stash` is ready.
void add_hosts(std::string_view kind, std::string_view alias, const json::Value& workload,
               const json::Value& pod_list, std::set<std::string>& to);

/// Hosts that have to report. An ordinal that was scaled away after it had reported still counts: it would
/// else stand for one that has not.
std::int32_t expected_hosts(std::string_view kind, std::string_view alias, const json::Value& workload,
                            const api::BackupTargetStatus* target);

struct Missing {
  std::int32_t hosts = 0;       ///< have not reported, and nobody is there who could
  bool others_working = false;  ///< some that have not reported can
};
Missing missing_hosts(std::int32_t expected, const api::BackupTargetStatus& target,
                      const std::set<std::string>& with_executor);

}  // namespace stash::controller
