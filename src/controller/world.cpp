// The caches and who is woken by what.

#include <functional>

#include "controller/context.hpp"
#include "stash/api/names.hpp"
#include "stash/api/repository.hpp"
#include "stash/api/restore_session.hpp"
#include "stash/kube/meta.hpp"
#include "stash/kube/resources.hpp"

namespace stash::controller {
namespace {

constexpr const char* kByTarget = "target";
constexpr const char* kByRepository = "repository";
constexpr const char* kByInvoker = "invoker";

bool is_final(std::string_view phase) {
  return phase == "Succeeded" || phase == "Failed" || phase == "Skipped" || phase == "Unknown";
}

InvokerView invoker_view(const json::Value& object) {
  InvokerView view;
  const std::string ns(kube::namespace_of(object));
  const auto ref_at = [&](std::string_view ns_given, std::string_view name) {
    return kube::Ref(ns_given.empty() ? ns : std::string(ns_given), std::string(name));
  };
  view.target_kind = json::text(object, "spec", "target", "ref", "kind");
  view.target = ref_at(json::text(object, "spec", "target", "ref", "namespace"),
                       json::text(object, "spec", "target", "ref", "name"));
  view.repository = ref_at(json::text(object, "spec", "repository", "namespace"),
                           json::text(object, "spec", "repository", "name"));
  view.generation = kube::generation_of(object);
  const json::Value* labels = json::find(object, "metadata", "labels");
  view.labels = labels ? std::hash<std::string>{}(json::dump(*labels)) : 0;
  view.deleting = kube::is_deleting(object);
  view.finished = is_final(json::text(object, "status", "phase"));
  return view;
}

SessionView session_view(const json::Value& object) {
  SessionView view;
  view.invoker = json::text(object, "spec", "invoker", "name");
  view.created = kube::creation_time_of(object).value_or(TimePoint{});
  const std::string_view phase = json::text(object, "status", "phase");
  view.skipped = phase == "Skipped";
  view.finished = is_final(phase);
  return view;
}

RepositoryView repository_view(const json::Value& object) {
  RepositoryView view;
  view.generation = kube::generation_of(object);
  view.deleting = kube::is_deleting(object);
  return view;
}

WorkloadView workload_view(const json::Value& object) {
  const auto number = [&](auto... keys) { return json::integer(object, keys...).value_or(0); };
  WorkloadView view;
  view.generation = kube::generation_of(object);
  view.observed = number("status", "observedGeneration");
  view.replicas = number("spec", "replicas") + number("status", "desiredNumberScheduled");
  view.ready = number("status", "readyReplicas") + number("status", "numberReady");
  view.updated = number("status", "updatedReplicas") + number("status", "updatedNumberScheduled");
  view.ours = has_traces(object);
  return view;
}

OwnedView owned_view(const json::Value& object) {
  OwnedView view;
  if (const auto owner = kube::controller_of(object)) view.owner = owner->name;
  view.generation = kube::generation_of(object);
  view.succeeded = json::integer(object, "status", "succeeded").value_or(0) > 0;
  return view;
}

kube::Selection labelled(std::string_view label, std::string_view value) {
  kube::Selection selection;
  selection.label_selector = fmt::format("{}={}", label, value);
  return selection;
}

/// Nothing that counts is different.
template <class T>
bool is_same(const kube::Change<T>& change) {
  return change.before && change.now && *change.before == *change.now;
}

}  // namespace

World::World(kube::Client& client, net::Timers& timers, Random& random, Queues& queues)
    : configurations(client, timers, random, api::kBackupConfiguration, {}, invoker_view),
      restores(client, timers, random, api::kRestoreSession, {}, invoker_view),
      sessions(client, timers, random, api::kBackupSession, {}, session_view),
      repositories(client, timers, random, api::kRepository, {}, repository_view),
      deployments(client, timers, random, kube::kDeployment, {}, workload_view),
      stateful_sets(client, timers, random, kube::kStatefulSet, {}, workload_view),
      daemon_sets(client, timers, random, kube::kDaemonSet, {}, workload_view),
      cron_jobs(client, timers, random, kube::kCronJob, labelled(api::kManagedByLabel, api::kManagedBy),
                owned_view),
      jobs(client, timers, random, kube::kJob, labelled(api::kDeleteJobLabel, "true"), owned_view) {
  index();
  wire_invokers(queues);
  wire(queues);
  wire_workloads(deployments, "Deployment", queues);
  wire_workloads(stateful_sets, "StatefulSet", queues);
  wire_workloads(daemon_sets, "DaemonSet", queues);
}

void World::index() {
  for (auto* cache : {&configurations, &restores}) {
    cache->add_index(kByTarget,
                     [](const kube::Ref&, const InvokerView& v) { return std::vector{v.target_key()}; });
    cache->add_index(kByRepository,
                     [](const kube::Ref&, const InvokerView& v) { return std::vector{v.repository.str()}; });
  }
  sessions.add_index(kByInvoker, [](const kube::Ref& ref, const SessionView& v) {
    return std::vector{ref.ns + "/" + v.invoker};
  });
}

void World::wire_invokers(Queues& queues) {
  // A target that was left needs to know as well as the one that was chosen.
  const auto wake_targets = [&queues](const kube::Change<InvokerView>& change) {
    if (is_same(change)) return;
    for (const InvokerView* view : {change.before, change.now}) {
      auto* queue = view ? queues.workload(view->target_kind) : nullptr;
      if (queue && !view->target.name.empty()) queue->add(view->target);
    }
  };
  configurations.on_change([&queues, wake_targets](const kube::Change<InvokerView>& change) {
    if (!is_same(change)) queues.configurations.add(change.ref);
    if (change.before && (!change.now || change.now->repository != change.before->repository))
      queues.repositories.add(change.before->repository);
    wake_targets(change);
  });
  // The status of a RestoreSession is written by executors: each change of it counts.
  restores.on_change([&queues, wake_targets](const kube::Change<InvokerView>& change) {
    queues.restores.add(change.ref);
    wake_targets(change);
  });
}

void World::wire(Queues& queues) {
  sessions.on_change([&queues](const kube::Change<SessionView>& change) { queues.sessions.add(change.ref); });
  repositories.on_change([this, &queues](const kube::Change<RepositoryView>& change) {
    if (is_same(change)) return;
    queues.repositories.add(change.ref);
    for (const kube::Ref& ref : configurations.indexed(kByRepository, change.ref.str()))
      queues.configurations.add(ref);
    for (const kube::Ref& ref : restores.indexed(kByRepository, change.ref.str())) queues.restores.add(ref);
  });
  // One that somebody removed or changed is made what it should be.
  cron_jobs.on_change([&queues](const kube::Change<OwnedView>& change) {
    if (is_same(change) || !change.before || change.before->owner.empty()) return;
    queues.configurations.add({change.ref.ns, change.before->owner});
  });
  jobs.on_change([&queues](const kube::Change<OwnedView>& change) {
    if (change.now && change.now->succeeded) queues.jobs.add(change.ref);
  });
}

void World::wire_workloads(kube::Cache<WorkloadView>& cache, std::string kind, Queues& queues) {
  cache.on_change([this, kind = std::move(kind), &queues](const kube::Change<WorkloadView>& change) {
    if (is_same(change)) return;
    const std::vector<kube::Ref> backups = configurations_of(kind, change.ref);
    const std::vector<kube::Ref> waiting = restores_of(kind, change.ref);
    const bool ours = change.now && change.now->ours;
    if (backups.empty() && waiting.empty() && !ours) return;
    queues.workload(kind)->add(change.ref);
    for (const kube::Ref& ref : backups) {
      queues.configurations.add(ref);
      for (const kube::Ref& session : sessions_of(ref))
        if (!sessions.find(session)->finished) queues.sessions.add(session);
    }
    for (const kube::Ref& ref : waiting) queues.restores.add(ref);
  });
}

Task<void> World::start(net::TaskGroup& group) {
  // Invokers first: a workload that is seen before those that name it would be looked at twice.
  co_await group.spawn(configurations.run());
  co_await group.spawn(restores.run());
  co_await group.spawn(sessions.run());
  co_await group.spawn(repositories.run());
  co_await configurations.synced();
  co_await restores.synced();
  co_await sessions.synced();
  co_await repositories.synced();
  co_await group.spawn(deployments.run());
  co_await group.spawn(stateful_sets.run());
  co_await group.spawn(daemon_sets.run());
  co_await group.spawn(cron_jobs.run());
  co_await group.spawn(jobs.run());
  co_await deployments.synced();
  co_await stateful_sets.synced();
  co_await daemon_sets.synced();
  co_await cron_jobs.synced();
  co_await jobs.synced();
}

std::vector<kube::Ref> World::configurations_of(std::string_view kind, const kube::Ref& workload) const {
  return configurations.indexed(kByTarget, std::string(kind) + "/" + workload.str());
}

std::vector<kube::Ref> World::restores_of(std::string_view kind, const kube::Ref& workload) const {
  return restores.indexed(kByTarget, std::string(kind) + "/" + workload.str());
}

std::vector<kube::Ref> World::sessions_of(const kube::Ref& configuration) const {
  return sessions.indexed(kByInvoker, configuration.str());
}

}  // namespace stash::controller
