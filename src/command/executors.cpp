#include <string>

#include "command/commands.hpp"
#include "command/pod.hpp"
#include "stash/base/limits.hpp"
#include "stash/engine/repository.hpp"
#include "stash/executor/init.hpp"
#include "stash/executor/priority.hpp"
#include "stash/executor/sidecar.hpp"
#include "stash/executor/trigger.hpp"

namespace stash::command {
namespace {

constexpr std::uint64_t kBuffers = std::uint64_t{64} << 20;

struct ExecutorFlags {
  PodOptions pod;
  executor::Place place;
  bool metrics_enabled = true;
  bool enable_cache = true;
  std::int64_t max_connections = 0;
  std::string restore_model;
  std::uint64_t memory = 0;
};

void add_flags(Flags& flags, ExecutorFlags& f) {
  add_flags(flags, f.pod);
  flags.option("--invoker-name", f.place.invoker_name, "Name of the object that asks for the work");
  flags.option("--invoker-kind", f.place.invoker_kind, "Its kind");
  flags.option("--target-name", f.place.target_name, "Name of the workload");
  flags.option("--target-kind", f.place.target_kind, "Its kind");
  flags.option("--target-namespace", f.place.target_ns, "Its namespace; the pod's own when not given");
  flags.option("--namespace", f.place.ns, "Namespace of the invoker; the pod's own when not given");
  flags.option("--host", f.place.host, "Name of the host; by the target's kind when not given");
  flags.flag("--metrics-enabled", f.metrics_enabled, "Push metrics");
  flags.option("--pushgateway-url", f.place.pushgateway_url, "Pushgateway to push metrics to");
  flags.flag("--enable-cache", f.enable_cache, "Kept for compatibility: there is no cache to turn off");
  flags.option("--max-connections", f.max_connections,
               "Most connections to the backend; 0: the engine's own choice");
  flags.size("--memory", f.memory,
             "Bytes for all buffers together; when not given 64MiB, or what the container's limit allows");
}

void complete(ExecutorFlags& f, const Pod& pod) {
  if (f.place.ns.empty()) f.place.ns = pod.config.ns;
  if (f.memory == 0) f.memory = engine::buffers_within(memory_limit(), kBuffers);
  if (!f.metrics_enabled) f.place.pushgateway_url.clear();
  f.place.pod_name = environment_value("POD_NAME");
  f.place.node_name = environment_value("NODE_NAME");
}

Task<int> run_sidecar(Pod& pod, ExecutorFlags& f) {
  complete(f, pod);
  executor::Services services(*pod.client, pod.pool, pod.timers, pod.random);
  services.memory_budget = f.memory;
  executor::SidecarOptions options;
  options.place = f.place;
  co_return co_await executor::run_sidecar(services, std::move(options));
}

Task<int> run_init(Pod& pod, ExecutorFlags& f) {
  complete(f, pod);
  executor::Services services(*pod.client, pod.pool, pod.timers, pod.random);
  services.memory_budget = f.memory;
  executor::InitOptions options;
  options.place = f.place;
  co_return co_await executor::run_init(services, std::move(options));
}

Task<int> run_trigger(Pod& pod, ExecutorFlags& f) {
  complete(f, pod);
  executor::Services services(*pod.client, pod.pool, pod.timers, pod.random);
  executor::TriggerOptions options;
  options.ns = f.place.ns;
  options.invoker_name = f.place.invoker_name;
  if (!f.place.invoker_kind.empty()) options.invoker_kind = f.place.invoker_kind;
  co_return co_await executor::run_trigger(services, std::move(options));
}

constexpr const char* kFooter =
    "\nEnvironment: POD_NAME, NODE_NAME, KUBECONFIG.\n\nEXIT STATUS: 0 done, 1 failed, 2 wrong usage.\n";

}  // namespace

int sidecar(int argc, char** argv) {
  ExecutorFlags f;
  Flags flags("sidecar", "Backs up this pod's volumes whenever a BackupSession of the invoker asks for it.",
              kFooter);
  add_flags(flags, f);
  if (const auto code = flags.parse(argc, argv)) return *code;
  executor::take_priority();  // before there are other threads
  return run_in_pod("sidecar", f.pod, [&](Pod& pod) { return run_sidecar(pod, f); });
}

int init_container(int argc, char** argv) {
  ExecutorFlags f;
  Flags flags("init-container",
              "Restores this pod's volumes before it starts, if a RestoreSession asks for it.", kFooter);
  add_flags(flags, f);
  flags.option("--restore-model", f.restore_model, "Kept for compatibility");
  flags.ignored({"--backoff-max-wait"});
  if (const auto code = flags.parse(argc, argv)) return *code;
  executor::take_priority();  // before there are other threads
  return run_in_pod("init-container", f.pod, [&](Pod& pod) { return run_init(pod, f); });
}

int trigger(int argc, char** argv) {
  ExecutorFlags f;
  Flags flags("trigger", "Creates one BackupSession of an invoker and ends.", kFooter);
  add_flags(flags, f);
  if (const auto code = flags.parse(argc, argv)) return *code;
  return run_in_pod("trigger", f.pod, [&](Pod& pod) { return run_trigger(pod, f); });
}

}  // namespace stash::command
