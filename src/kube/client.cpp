#include "stash/kube/client.hpp"

namespace stash::kube {

std::string Resource::api_version() const {
  return group.empty() ? std::string(version) : fmt::format("{}/{}", group, version);
}

}  // namespace stash::kube
