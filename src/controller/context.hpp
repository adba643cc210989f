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

/// Null for a kind that is not injected.
const kube::Resource* workload_resource(std::string_view kind);

// The projections. A change that leaves one equal wakes nobody: an operator that writes a status does not
// wake itself.

/// Of a BackupConfiguration or RestoreSession.
struct InvokerView {
  std::string target_kind;
  kube::Ref target;
  kube::Ref repository;
  std::int64_t generation = 0;
  std::size_t labels = 0;  ///< a digest: what is made for the invoker carries its labels
  bool deleting = false;
  bool finished = false;  ///< of a RestoreSession: it has ended
  bool operator==(const InvokerView&) const = default;

  /// "Deployment/ns/name"
  std::string target_key() const { return target_kind + "/" + target.str(); }
};

struct SessionView {
  std::string invoker;
  TimePoint created{};
  bool finished = false;
  bool skipped = false;
};

struct RepositoryView {
  std::int64_t generation = 0;
  bool deleting = false;
  bool operator==(const RepositoryView&) const = default;
};

/// Of a workload: its template by its generation, its rollout, and whether anything of ours is in it.
struct WorkloadView {
  std::int64_t generation = 0;
  std::int64_t observed = 0;
  std::int64_t replicas = 0;
  std::int64_t ready = 0;
  std::int64_t updated = 0;
  bool ours = false;
  bool operator==(const WorkloadView&) const = default;
};

/// Of a CronJob or Job: who controls it.
struct OwnedView {
  std::string owner;
  std::int64_t generation = 0;
  bool succeeded = false;
  bool operator==(const OwnedView&) const = default;
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
  kube::Cache<RepositoryView> repositories;
  kube::Cache<WorkloadView> deployments;
  kube::Cache<WorkloadView> stateful_sets;
  kube::Cache<WorkloadView> daemon_sets;
  kube::Cache<OwnedView> cron_jobs;
  kube::Cache<OwnedView> jobs;

 private:
  void index();
  void wire_invokers(Queues& queues);
  void wire(Queues& queues);
  void wire_workloads(kube::Cache<WorkloadView>& cache, std::string kind, Queues& queues);
};

/// One recorder for each source that `kubectl describe` shows.
struct Recorders {
  Recorders(kube::Client& client, const Clock& clock, const std::string& instance)
      : configurations(client, clock, "BackupConfiguration Controller", instance),
        sessions(client, clock, "BackupSession Controller", instance),
        restores(client, clock, "RestoreSession Controller", instance),
        repositories(client, clock, "Repository Controller", instance),
        workloads(client, clock, "Workload Controller", instance) {}

  kube::EventRecorder configurations;
  kube::EventRecorder sessions;
  kube::EventRecorder restores;
  kube::EventRecorder repositories;
  kube::EventRecorder workloads;
};

struct Context {
  const OperatorOptions& options;
  ExecutorSettings executor;
  kube::Client& client;
  net::Timers& timers;
  Recorders& events;
  metrics::Registry& metrics;
  Queues& queues;
  World& world;
};

/// How long until something that is missing is looked for again.
inline constexpr Duration kRetryMissing = std::chrono::seconds(5);

kube::EventSubject subject_of(const kube::Resource& resource, const api::ObjectMeta& meta);

/// The value of "status" in what api::status_patch() makes, as kube::update_status() wants it.
std::string status_members(const std::string& status_patch);

/// Server-side apply of a whole object.
Task<void> apply(Context& context, const kube::Resource& resource, kube::Ref ref, std::string body);

/// A merge patch of metadata.finalizers, guarded by the resourceVersion that was read.
Task<void> set_finalizer(kube::Client& client, const kube::Resource& resource, const api::ObjectMeta& meta,
                         std::string_view finalizer, bool present);

}  // namespace stash::controller
