#include "stash/api/install.hpp"

#include <fmt/format.h>

#include <limits>

#include "command/commands.hpp"
#include "command/flags.hpp"
#include "stash/api/crd.hpp"
#include "stash/base/error.hpp"

namespace stash::command {
namespace {

constexpr std::int64_t kMostReplicas = std::numeric_limits<std::int32_t>::max();

}  // namespace

int install(int argc, char** argv) {
  api::InstallOptions options;
  std::int64_t replicas = options.replicas;
  bool crds = false;
  bool rest = false;
  Flags flags("install", "Prints what a cluster needs: stash install | kubectl apply -f -",
              "\nEXIT STATUS: 0 done, 1 failed, 2 wrong usage.\n");
  flags.option("-n,--namespace", options.ns, "Namespace of the operator; stash when not given");
  flags.option("--image", options.image, "Image of the operator, sidecars, init containers and triggers");
  flags.option("--pushgateway-image", options.pushgateway_image, "Image of the Pushgateway");
  flags.option("--image-pull-policy", options.image_pull_policy, "Always, IfNotPresent or Never");
  flags.option("--replicas", replicas, "Replicas of the operator; one works, the others wait", kMostReplicas);
  flags.flag("--crds", crds, "Only the CustomResourceDefinitions");
  flags.flag("--operator", rest, "Only the rest; with --crds: everything, as without both");
  if (const auto code = flags.parse(argc, argv)) return *code;
  options.replicas = static_cast<std::int32_t>(replicas);
  try {
    fmt::print("{}", crds == rest ? api::install_yaml(options)
                     : crds       ? api::crds_yaml()
                                  : api::operator_yaml(options));
    return 0;
  } catch (const Error& e) {
    fmt::print(stderr, "stash install: {}\n", e.what());
    return e.kind() == ErrorKind::Invalid ? 2 : 1;
  }
}

}  // namespace stash::command
