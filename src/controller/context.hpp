#pragma once

// What all controllers share: the services, the caches that wake them, and their queues.

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "controller/inject.hpp"
#include "stash/api/backup_session.hpp"
#include "stash/controller/operator.hpp"
#include "stash/kube/cache.hpp"
#include "stash/kube/events.hpp"
#include "stash/kube/reconcile.hpp"
#include "stash/kube/work_queue.hpp"
#include "stash/metrics/registry.hpp"

namespace stash::controller {

/// Kinds whose pods are injected, in the order of Queues::workloads.
inline constexpr std::array<std::string_view, 3> kWorkloadKinds{"Deployment", "StatefulSet", "DaemonSet"};
/// Null for a kind that is not injected.
const kube::Resource* workload_resource(std::string_view kind);

/// Projection of a BackupConfiguration or RestoreSession: what others are woken by.
struct InvokerView {
  std::string target_kind;
  kube::Ref target;
  kube::Ref repository;
  TimePoint created{};
  bool deleting = false;

  /// "Deployment/ns/name"
  std::string target_key() const { return target_kind + "/" + target.str(); }
};

struct SessionView {
  std::string invoker;
  TimePoint created{};
  bool finished = false;
  bool skipped = false;
};

/// Of a workload only its rollout matters; a change of anything else wakes nobody.
struct WorkloadView {
  std::int64_t generation = 0;
  std::int64_t observed = 0;
  std::int64_t replicas = 0;
  std::int64_t ready = 0;
  std::int64_t updated = 0;
  bool operator==(const WorkloadView&) const = default;
};

/// Name of the object that controls a CronJob or Job.
struct OwnedView {
  std::string owner;
  bool succeeded = false;
};

struct Queues {
  Queues(net::Timers& timers, Random& random)
      : configurations(timers, random),
        sessions(timers, random),
        restores(timers, random),
        repositories(timers, random),
        jobs(timers, random),
        deployments(timers, random),
        stateful_sets(timers, random),
        daemon_sets(timers, random) {}

  /// Null for a kind that is not injected.
  kube::WorkQueue* workload(std::string_view kind);

  kube::WorkQueue configurations;
  kube::WorkQueue sessions;
  kube::WorkQueue restores;
  kube::WorkQueue repositories;
  kube::WorkQueue jobs;
  kube::WorkQueue deployments;
  kube::WorkQueue stateful_sets;
  kube::WorkQueue daemon_sets;
};

/// All caches, wired to the queues.
class World {
 public:
  World(kube::Client& client, net::Timers& timers, Random& random, Queues& queues);

  /// Spawns every cache in `group` and returns when all have their first list.
  Task<void> start(net::TaskGroup& group);

  /// Invokers that name this workload.
  std::vector<kube::Ref> configurations_of(std::string_view kind, const kube::Ref& workload) const;
  std::vector<kube::Ref> restores_of(std::string_view kind, const kube::Ref& workload) const;
  std::vector<kube::Ref> sessions_of(const kube::Ref& configuration) const;

  kube::Cache<InvokerView> configurations;
  kube::Cache<InvokerView> restores;
  kube::Cache<SessionView> sessions;
  kube::Cache<int> repositories;
  kube::Cache<WorkloadView> deployments;
  kube::Cache<WorkloadView> stateful_sets;
  kube::Cache<WorkloadView> daemon_sets;
  kube::Cache<OwnedView> cron_jobs;
  kube::Cache<OwnedView> jobs;

 private:
  void wire(Queues& queues);
  void wire_workloads(kube::Cache<WorkloadView>& cache, std::string kind, Queues& queues);
};

struct Context {
  const OperatorOptions& options;
  ExecutorSettings executor;
  kube::Client& client;
  net::Timers& timers;
  kube::EventRecorder& events;
  metrics::Registry& metrics;
  Queues& queues;
  World& world;
};

/// How long until something that is missing is looked for again.
inline constexpr Duration kRetryMissing = std::chrono::seconds(5);

/// A merge patch of metadata.finalizers, guarded by the resourceVersion that was read.
Task<void> set_finalizer(kube::Client& client, const kube::Resource& resource, const api::ObjectMeta& meta,
                         std::string_view finalizer, bool present);

}  // namespace stash::controller
