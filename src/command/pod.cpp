#include "command/pod.hpp"

#include <algorithm>
#include <cstdlib>

#include "stash/base/error.hpp"
#include "stash/base/limits.hpp"
#include "stash/base/log.hpp"

namespace stash::command {
namespace {

kube::Config load(const PodOptions& options) {
  kube::ConfigOptions where;
  where.kubeconfig = options.kubeconfig;
  where.context = options.context;
  return kube::load_config(where);
}

}  // namespace

void add_flags(Flags& flags, PodOptions& options) {
  flags.option("--kubeconfig", options.kubeconfig,
               "Kubeconfig file; the pod's own account, or KUBECONFIG, when not given");
  flags.option("--context", options.context, "Context of the kubeconfig; its current one when not given");
  flags.flag("--verbose", options.verbose, "Log more");
  flags.ignored(klog_flags());
  flags.without_effect({"--master"});
}

Pod::Pod(const PodOptions& options) : pool(worker_threads()), config(load(options)) {
  client = std::make_unique<kube::RestClient>(config, timers, random, pool);
}

Pod::~Pod() {
  client.reset();
  pool.join();
}

int run_in_pod(const char* name, const PodOptions& options, std::function<Task<int>(Pod&)> work) {
  log::set_level(options.verbose ? log::Level::Debug : log::Level::Info);
  try {
    Pod pod(options);
    return net::run(work(pod), true);
  } catch (const Error& e) {
    if (e.kind() == ErrorKind::Cancelled) return 0;
    log::error("stopped", {{"command", name}, {"kind", to_string(e.kind())}, {"error", e.what()}});
    return 1;
  } catch (const std::exception& e) {
    log::error("stopped", {{"command", name}, {"error", e.what()}});
    return 1;
  }
}

std::string environment_value(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

}  // namespace stash::command
