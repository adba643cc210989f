#pragma once

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "stash/base/random.hpp"
#include "stash/kube/client.hpp"
#include "stash/net/task.hpp"

namespace stash::kube {

struct LeaseOptions {
  Ref lease;
  std::string identity;                          ///< who we are; unique among the contenders
  Duration duration = std::chrono::seconds(15);  ///< others may take over this long after our last renewal
  Duration renew = std::chrono::seconds(10);  ///< without a successful renewal for this long we stop working
  Duration retry = std::chrono::seconds(2);   ///< between tries to acquire, and between renewals
  std::vector<std::pair<std::string, std::string>> labels;  ///< put on the Lease when we create it
  std::string owner_reference;  ///< JSON of an ownerReferences entry for it, or ""

  LeaseOptions() {}
  LeaseOptions(Ref l, std::string who) : lease(std::move(l)), identity(std::move(who)) {}
};

/// The spec of a coordination.k8s.io/v1 Lease.
struct LeaseRecord {
  std::string holder;  ///< "" when released
  std::optional<TimePoint> acquire_time;
  std::optional<TimePoint> renew_time;
  Duration duration = Duration::zero();
  std::int64_t transitions = 0;
  std::string resource_version;

  LeaseRecord() {}
  bool operator==(const LeaseRecord&) const = default;
};

LeaseRecord lease_record(const json::Value& lease);

/// A Lease as a lock among processes. Other machines' clocks are not trusted: a lease counts as abandoned
/// when its record has not changed for its duration as seen by our own steady clock; and every write carries
/// the resourceVersion it was read at, so of two contenders one is refused. Caveat (as with every lease): a
/// process stopped for longer than `duration` may wake and go on for a moment beside the new holder; what
/// must never run twice needs its own fence.
class LeaseLock {
 public:
  using Work = std::function<Task<void>()>;

  /// All services must outlive the lock.
  LeaseLock(Client& client, net::Timers& timers, Random& random, LeaseOptions options);
  LeaseLock(const LeaseLock&) = delete;
  LeaseLock& operator=(const LeaseLock&) = delete;

  /// Waits until the lease is ours, runs `work` while renewing, and releases the lease when `work` ends,
  /// fails or is cancelled. When the lease cannot be renewed in time `work` is cancelled and Error(Conflict)
  /// is thrown. Faults of the API server while acquiring are logged and tried again.
  Task<void> guard(Work work);
  /// The same, but gives up with `false` when the lease is not ours within `patience`.
  Task<bool> guard_within(Duration patience, Work work);

  /// One try to acquire or renew: true when the lease is ours now. Throws what the client throws, except
  /// Conflict.
  Task<bool> try_acquire();
  /// Gives the lease back if it is ours; others may take it at once. Never throws (but when cancelled).
  Task<void> release();

  bool held() const { return held_; }
  /// Who held it when we last looked; "" when nobody or unknown.
  const std::string& holder() const { return observed_.holder; }

 private:
  Task<bool> acquire(std::optional<Duration> patience);
  Task<bool> try_renew(Duration limit);
  Task<void> renew_until_lost();
  Task<void> run_guarded(Work work);
  void observe(LeaseRecord record);

  Client& client_;
  net::Timers& timers_;
  Random& random_;
  LeaseOptions options_;
  LeaseRecord observed_;
  std::chrono::steady_clock::time_point observed_at_{};
  std::chrono::steady_clock::time_point renewed_at_{};
  bool held_ = false;
};

}  // namespace stash::kube
