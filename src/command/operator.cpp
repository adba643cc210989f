#include "stash/controller/operator.hpp"

#include <limits>

#include "command/commands.hpp"
#include "command/pod.hpp"
#include "stash/executor/wipe_out.hpp"

namespace stash::command {
namespace {

constexpr std::int64_t kMostPort = std::numeric_limits<std::uint16_t>::max();

struct OperatorFlags {
  PodOptions pod;
  controller::OperatorOptions options;
  std::string registry;
  std::string image;
  std::string tag;
  std::int64_t port = 8080;
};

/// The original names the image by three flags; --image alone may hold the whole name.
std::string image_name(const OperatorFlags& f) {
  std::string name = f.registry.empty() ? f.image : f.registry + "/" + f.image;
  return f.tag.empty() ? name : name + ":" + f.tag;
}

Task<int> run(Pod& pod, OperatorFlags& f) {
  if (f.options.ns.empty()) f.options.ns = pod.config.ns;
  f.options.identity = environment_value("POD_NAME");
  if (f.options.identity.empty())
    f.options.identity = environment_value("HOSTNAME") + "-" + std::to_string(pod.random.number() % 100000);
  f.options.image = image_name(f);
  f.options.port = static_cast<std::uint16_t>(f.port);
  executor::Services services(*pod.client, pod.pool, pod.timers, pod.random);
  f.options.wipe_out = [&services](kube::Ref repository) {
    return executor::wipe_out(services, std::move(repository));
  };
  co_return co_await controller::run_operator(f.options, *pod.client, pod.timers, pod.random);
}

}  // namespace

int run_operator(int argc, char** argv) {
  OperatorFlags f;
  f.options.ns.clear();
  f.image = "stash:" STASH_VERSION;
  Flags flags("operator", "Runs the Kubernetes controllers.",
              "\nEnvironment: POD_NAME, KUBECONFIG.\n\nEXIT STATUS: 0 asked to stop, 1 failed or the lease "
              "was lost, 2 wrong usage.\n");
  add_flags(flags, f.pod);
  flags.option("--namespace", f.options.ns,
               "Where the operator's Lease lives; its own namespace when not given");
  flags.option("--image", f.image, "Image of sidecars, init containers and triggers");
  flags.option("--image-tag", f.tag, "Its tag, unless --image holds one");
  flags.option("--docker-registry", f.registry, "Its registry, unless --image holds one");
  flags.option("--image-pull-policy", f.options.image_pull_policy, "When it is pulled");
  flags.option("--pushgateway-url", f.options.pushgateway_url, "Pushgateway for the metrics of sessions");
  flags.flag("--leader-elect,!--no-leader-elect", f.options.leader_elect,
             "Work only while holding the Lease");
  flags.option("--listen", f.options.listen, "Address for metrics and health");
  flags.option("--port", f.port, "Port for metrics and health; 0: a free one", kMostPort);
  flags.ignored({"--scratch-dir", "--qps", "--burst", "--resync-period", "--enable-mutating-webhook",
                 "--enable-validating-webhook", "--secure-port", "--tls-cert-file", "--tls-private-key-file",
                 "--audit-log-path", "--audit-policy-file"});
  flags.without_effect({"--image-pull-secrets", "--cron-job-psp", "--backup-job-psp", "--restore-job-psp"});
  if (const auto code = flags.parse(argc, argv)) return *code;
  return run_in_pod("operator", f.pod, [&](Pod& pod) { return run(pod, f); });
}

}  // namespace stash::command
