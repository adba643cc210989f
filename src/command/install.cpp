#include "stash/api/install.hpp"

#include <fmt/format.h>

#include "command/commands.hpp"
#include "command/flags.hpp"
#include "stash/api/crd.hpp"
#include "stash/base/error.hpp"

namespace stash::command {

int install(int argc, char** argv) {
  api::InstallOptions options;
  std::int64_t replicas = options.replicas;
  bool only_crds = false;
  bool only_operator = false;
  Flags flags("install", "Prints what a cluster needs: stash install | kubectl apply -f -",
              "\nEXIT STATUS: 0 done, 1 failed, 2 wrong usage.\n");
  flags.option("-n,--namespace", options.ns, "Namespace of the operator; stash when not given");
  flags.option("--image", options.image, "Image of the operator, sidecars, init containers and triggers");
  flags.option("--pushgateway-image", options.pushgateway_image, "Image of the Pushgateway");
  flags.option("--image-pull-policy", options.image_pull_policy, "Always, IfNotPresent or Never");
  flags.option("--replicas", replicas, "Replicas of the operator; one works, the others wait");
  flags.flag("--crds", only_crds, "Only the CustomResourceDefinitions");
  flags.flag("--operator", only_operator, "Everything but the CustomResourceDefinitions");
  if (const auto code = flags.parse(argc, argv)) return *code;
  options.replicas = static_cast<std::int32_t>(replicas);
  try {
    const std::string text = only_crds       ? api::crds_yaml()
                             : only_operator ? api::operator_yaml(options)
                                             : api::install_yaml(options);
    fmt::print("{}", text);
    return 0;
  } catch (const Error& e) {
    fmt::print(stderr, "stash install: {}\n", e.what());
    return 1;
  }
}

}  // namespace stash::command
