#include "controller/context.hpp"

#include <algorithm>

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

InvokerView invoker_view(const json::Value& object) {
  InvokerView view;
  const std::string ns(kube::namespace_of(object));
  view.target_kind = json::text(object, "spec", "target", "ref", "kind");
  const std::string_view target_ns = json::text(object, "spec", "target", "ref", "namespace");
  view.target = {target_ns.empty() ? ns : std::string(target_ns),
                 std::string(json::text(object, "spec", "target", "ref", "name"))};
  const std::string_view repo_ns = json::text(object, "spec", "repository", "namespace");
  view.repository = {repo_ns.empty() ? ns : std::string(repo_ns),
                     std::string(json::text(object, "spec", "repository", "name"))};
  view.created = kube::creation_time_of(object).value_or(TimePoint{});
  view.deleting = kube::is_deleting(object);
  return view;
}

SessionView session_view(const json::Value& object) {
  SessionView view;
  view.invoker = json::text(object, "spec", "invoker", "name");
  view.created = kube::creation_time_of(object).value_or(TimePoint{});
  const std::string_view phase = json::text(object, "status", "phase");
  view.skipped = phase == "Skipped";
  view.finished = view.skipped || phase == "Succeeded" || phase == "Failed" || phase == "Unknown";
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
  return view;
}

OwnedView owned_view(const json::Value& object) {
  OwnedView view;
  if (const auto owner = kube::controller_of(object)) view.owner = owner->name;
  view.succeeded = json::integer(object, "status", "succeeded").value_or(0) > 0;
  return view;
}

kube::Selection managed() {
  kube::Selection selection;
  selection.label_selector = fmt::format("{}={}", api::kManagedByLabel, api::kManagedBy);
  return selection;
}

kube::Selection finished_jobs() {
  kube::Selection selection;
  selection.label_selector = fmt::format("{}=true", api::kDeleteJobLabel);
  return selection;
}

}  // namespace

const kube::Resource* workload_resource(std::string_view kind) {
  if (kind == "Deployment") return &kube::kDeployment;
  if (kind == "StatefulSet") return &kube::kStatefulSet;
  if (kind == "DaemonSet") return &kube::kDaemonSet;
  return nullptr;
}

kube::WorkQueue* Queues::workload(std::string_view kind) {
  if (kind == "Deployment") return &deployments;
  if (kind == "StatefulSet") return &stateful_sets;
  if (kind == "DaemonSet") return &daemon_sets;
  return nullptr;
}

World::World(kube::Client& client, net::Timers& timers, Random& random, Queues& queues)
    : configurations(client, timers, random, api::kBackupConfiguration, {}, invoker_view),
      restores(client, timers, random, api::kRestoreSession, {}, invoker_view),
      sessions(client, timers, random, api::kBackupSession, {}, session_view),
      repositories(client, timers, random, api::kRepository, {}, [](const json::Value&) { return 0; }),
      deployments(client, timers, random, kube::kDeployment, {}, workload_view),
      stateful_sets(client, timers, random, kube::kStatefulSet, {}, workload_view),
      daemon_sets(client, timers, random, kube::kDaemonSet, {}, workload_view),
      cron_jobs(client, timers, random, kube::kCronJob, managed(), owned_view),
      jobs(client, timers, random, kube::kJob, finished_jobs(), owned_view) {
  wire(queues);
}

void World::wire(Queues& queues) {
  for (auto* cache : {&configurations, &restores}) {
    cache->add_index(kByTarget,
                     [](const kube::Ref&, const InvokerView& v) { return std::vector{v.target_key()}; });
    cache->add_index(kByRepository,
                     [](const kube::Ref&, const InvokerView& v) { return std::vector{v.repository.str()}; });
  }
  sessions.add_index(kByInvoker, [](const kube::Ref& ref, const SessionView& v) {
    return std::vector{ref.ns + "/" + v.invoker};
  });

  const auto wake_target = [&queues](const kube::Change<InvokerView>& change) {
    const InvokerView& view = change.now ? *change.now : *change.before;
    if (auto* queue = queues.workload(view.target_kind)) queue->add(view.target);
  };
  configurations.on_change([&queues, wake_target](const kube::Change<InvokerView>& change) {
    queues.configurations.add(change.ref);
    wake_target(change);
  });
  restores.on_change([&queues, wake_target](const kube::Change<InvokerView>& change) {
    queues.restores.add(change.ref);
    wake_target(change);
  });
  sessions.on_change([&queues](const kube::Change<SessionView>& change) { queues.sessions.add(change.ref); });
  repositories.on_change([this, &queues](const kube::Change<int>& change) {
    queues.repositories.add(change.ref);
    for (const kube::Ref& ref : configurations.indexed(kByRepository, change.ref.str()))
      queues.configurations.add(ref);
    for (const kube::Ref& ref : restores.indexed(kByRepository, change.ref.str())) queues.restores.add(ref);
  });
  cron_jobs.on_change([&queues](const kube::Change<OwnedView>& change) {
    const OwnedView& view = change.now ? *change.now : *change.before;
    if (change.type == kube::EventType::Deleted && !view.owner.empty())
      queues.configurations.add({change.ref.ns, view.owner});
  });
  jobs.on_change([&queues](const kube::Change<OwnedView>& change) {
    if (change.now && change.now->succeeded) queues.jobs.add(change.ref);
  });
  wire_workloads(deployments, "Deployment", queues);
  wire_workloads(stateful_sets, "StatefulSet", queues);
  wire_workloads(daemon_sets, "DaemonSet", queues);
}

void World::wire_workloads(kube::Cache<WorkloadView>& cache, std::string kind, Queues& queues) {
  cache.on_change([this, kind = std::move(kind), &queues](const kube::Change<WorkloadView>& change) {
    if (change.before && change.now && *change.before == *change.now) return;
    const std::vector<kube::Ref> backups = configurations_of(kind, change.ref);
    const std::vector<kube::Ref> waiting = restores_of(kind, change.ref);
    // A workload that nobody names is looked at only when it is first seen: it may still carry what we once
    // gave it.
    if (backups.empty() && waiting.empty() && change.before) return;
    queues.workload(kind)->add(change.ref);
    for (const kube::Ref& ref : backups) {
      queues.configurations.add(ref);
      for (const kube::Ref& session : sessions_of(ref)) queues.sessions.add(session);
    }
    for (const kube::Ref& ref : waiting) queues.restores.add(ref);
  });
}

Task<void> World::start(net::TaskGroup& group) {
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

Task<void> set_finalizer(kube::Client& client, const kube::Resource& resource, const api::ObjectMeta& meta,
                         std::string_view finalizer, bool present) {
  if (meta.has_finalizer(finalizer) == present) co_return;
  std::vector<std::string> finalizers = meta.finalizers;
  if (present)
    finalizers.emplace_back(finalizer);
  else
    std::erase(finalizers, finalizer);
  std::string body = fmt::format(R"({{"metadata":{{"resourceVersion":{},"finalizers":{}}}}})",
                                 json::quote(meta.resource_version), json::to_text(finalizers));
  kube::PatchOptions options(kube::PatchType::Merge, "");
  try {
    co_await client.patch(resource, {meta.ns, meta.name}, std::move(body), std::move(options));
  } catch (const Error& e) {
    if (e.kind() != ErrorKind::NotFound || present) throw;
  }
}

}  // namespace stash::controller
