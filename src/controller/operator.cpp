// The operator's process: health and metrics are served from the first moment, the controllers run while the
// Lease is held.

#include "stash/controller/operator.hpp"

#include <boost/asio/this_coro.hpp>

#include "controller/controllers.hpp"
#include "stash/api/names.hpp"
#include "stash/base/log.hpp"
#include "stash/kube/lease.hpp"
#include "stash/net/server.hpp"

namespace stash::controller {
namespace {

/// What the health endpoints answer from.
struct Health {
  bool leading = false;
  bool synced = false;
};

Task<net::Response> answer(net::ServerRequest request, const metrics::Registry& registry,
                           const Health& health) {
  net::Response response;
  response.status = 200;
  if (request.target == "/metrics") {
    response.headers.emplace_back("Content-Type", std::string(metrics::kTextFormat));
    response.body = registry.text();
  } else if (request.target == "/healthz") {
    response.body = "ok\n";
  } else if (request.target == "/readyz") {
    // A replica that waits for the Lease is as ready as it can be.
    response.status = !health.leading || health.synced ? 200 : 503;
    response.body = !health.leading ? "waiting for the lease\n"
                    : health.synced ? "ok\n"
                                    : "reading the cluster\n";
  } else {
    response.status = 404;
    response.body = "not found\n";
  }
  co_return response;
}

/// Counts and times one reconciliation.
Task<kube::Action> measured(Context& context, std::string controller, Task<kube::Action> work) {
  const auto start = context.timers.steady();
  bool failed = true;
  std::exception_ptr error;
  std::optional<kube::Action> action;
  try {
    action.emplace(co_await std::move(work));
    failed = false;
  } catch (...) {
    error = std::current_exception();
  }
  const double seconds = std::chrono::duration<double>(context.timers.steady() - start).count();
  context.metrics.add("stash_operator_reconcile_total", "Reconciliations done.",
                      {{"controller", controller}});
  context.metrics.add("stash_operator_reconcile_seconds_total", "Time spent in them.",
                      {{"controller", controller}}, seconds);
  if (failed) {
    context.metrics.add("stash_operator_reconcile_errors_total", "Reconciliations that failed.",
                        {{"controller", controller}});
    std::rethrow_exception(error);
  }
  co_return *action;
}

/// Reconcile function of one queue.
kube::Reconcile reconciler(Context& context, std::string name,
                           Task<kube::Action> (*run)(Context&, kube::Ref)) {
  return [&context, name = std::move(name), run](kube::Ref ref) {
    return measured(context, name, run(context, std::move(ref)));
  };
}

kube::Reconcile workload_reconciler(Context& context, std::string kind) {
  return [&context, kind = std::move(kind)](kube::Ref ref) {
    return measured(context, "workload", reconcile_workload(context, kind, std::move(ref)));
  };
}

Task<void> sample_queues(Context& context) {
  const std::vector<std::pair<std::string, kube::WorkQueue*>> queues{
      {"backupconfiguration", &context.queues.configurations},
      {"backupsession", &context.queues.sessions},
      {"restoresession", &context.queues.restores},
      {"repository", &context.queues.repositories},
      {"job", &context.queues.jobs},
      {"deployment", &context.queues.deployments},
      {"statefulset", &context.queues.stateful_sets},
      {"daemonset", &context.queues.daemon_sets}};
  for (;;) {
    for (const auto& [name, queue] : queues)
      context.metrics.set("stash_operator_queue_depth", "Objects that wait for a reconciliation.",
                          {{"queue", name}}, static_cast<double>(queue->depth()));
    co_await context.timers.sleep(std::chrono::seconds(5));
  }
}

Task<void> spawn_loops(Context& context, net::TaskGroup& group) {
  Queues& q = context.queues;
  const auto loop = [](kube::WorkQueue& queue, kube::Reconcile reconcile, std::string name, int workers) {
    return kube::reconcile_loop(queue, std::move(reconcile),
                                kube::ReconcileOptions(std::move(name), workers));
  };
  co_await group.spawn(loop(q.configurations,
                            reconciler(context, "backupconfiguration", reconcile_configuration),
                            "backupconfiguration", 8));
  co_await group.spawn(
      loop(q.sessions, reconciler(context, "backupsession", reconcile_session), "backupsession", 8));
  co_await group.spawn(
      loop(q.restores, reconciler(context, "restoresession", reconcile_restore), "restoresession", 4));
  co_await group.spawn(
      loop(q.repositories, reconciler(context, "repository", reconcile_repository), "repository", 2));
  co_await group.spawn(loop(q.jobs, reconciler(context, "job", reconcile_job), "job", 2));
  co_await group.spawn(loop(q.deployments, workload_reconciler(context, "Deployment"), "deployment", 4));
  co_await group.spawn(loop(q.stateful_sets, workload_reconciler(context, "StatefulSet"), "statefulset", 2));
  co_await group.spawn(loop(q.daemon_sets, workload_reconciler(context, "DaemonSet"), "daemonset", 2));
  co_await group.spawn(sample_queues(context));
}

/// Waits until the group is empty, as it must be before what its members use goes away. A coroutine that was
/// told to stop can await this only after throw_if_cancelled(false).
Task<void> join_and_rethrow(net::TaskGroup& group, std::exception_ptr failed) {
  try {
    co_await group.join();
  } catch (...) {
    if (!failed) failed = std::current_exception();
  }
  if (failed) std::rethrow_exception(failed);
}

/// Everything that only one replica may do.
Task<void> lead(const OperatorOptions& options, kube::Client& client, net::Timers& timers, Random& random,
                metrics::Registry& registry, Health& health) {
  log::info("leading", {{"identity", options.identity}});
  health.leading = true;
  registry.set("stash_operator_leader", "1 while this replica leads.", {}, 1);
  Queues queues(timers, random);
  World world(client, timers, random, queues);
  Recorders events(client, timers, options.identity);
  Context context{options, {options.image, options.image_pull_policy, options.pushgateway_url},
                  client,  timers,
                  events,  registry,
                  queues,  world};
  net::TaskGroup group;
  std::exception_ptr failed;
  try {
    co_await world.start(group);
    health.synced = true;
    log::info("caches are filled",
              {{"configurations", world.configurations.size()}, {"sessions", world.sessions.size()}});
    co_await spawn_loops(context, group);
  } catch (...) {
    failed = std::current_exception();
    group.cancel();
  }
  co_await boost::asio::this_coro::throw_if_cancelled(false);
  co_await join_and_rethrow(group, failed);
}

Task<int> hold_lease_and_lead(const OperatorOptions& options, kube::Client& client, net::Timers& timers,
                              Random& random, metrics::Registry& registry, Health& health) {
  if (!options.leader_elect) {
    co_await lead(options, client, timers, random, registry, health);
    co_return 0;
  }
  kube::LeaseLock lock(client, timers, random,
                       kube::LeaseOptions({options.ns, std::string(api::kOperatorLease)}, options.identity));
  auto work = [&] { return lead(options, client, timers, random, registry, health); };
  bool lost = false;
  try {
    co_await lock.guard(std::move(work));
  } catch (const Error& e) {
    if (e.kind() != ErrorKind::Conflict) throw;
    lost = true;
  }
  if (lost) log::error("the lease was lost", {{"holder", lock.holder()}});
  co_return lost ? 1 : 0;
}

}  // namespace

Task<int> run_operator(OperatorOptions options, kube::Client& client, net::Timers& timers, Random& random) {
  metrics::Registry registry;
  Health health;
  registry.set("stash_operator_leader", "1 while this replica leads.", {}, 0);
  registry.set("stash_operator_info", "Version of the operator.", {{"version", STASH_VERSION}}, 1);
  net::ServerOptions where;
  where.address = options.listen;
  where.port = options.port;
  auto handler = [&registry, &health](net::ServerRequest request) {
    return answer(std::move(request), registry, health);
  };
  const auto server = co_await net::serve_http(std::move(where), std::move(handler));
  log::info("operator started",
            {{"version", STASH_VERSION}, {"identity", options.identity}, {"port", server->port()}});
  net::TaskGroup serving;
  co_await serving.spawn(server->serve());
  int code = 0;
  std::exception_ptr failed;
  try {
    code = co_await hold_lease_and_lead(options, client, timers, random, registry, health);
  } catch (...) {
    failed = std::current_exception();
  }
  serving.cancel();
  co_await boost::asio::this_coro::throw_if_cancelled(false);
  co_await join_and_rethrow(serving, failed);
  co_return code;
}

}  // namespace stash::controller
