#include "stash/kube/status.hpp"

#include "stash/kube/meta.hpp"

namespace stash::kube {
namespace {

constexpr int kTries = 8;

std::string body_of(const json::Value& object, std::string_view status) {
  return fmt::format(R"({{"metadata":{{"resourceVersion":{},"uid":{}}},"status":{}}})",
                     json::quote(resource_version_of(object)), json::quote(uid_of(object)), status);
}

}  // namespace

Task<std::optional<json::Document>> update_status(Client& client, const Resource& resource, Ref ref,
                                                  StatusChange change) {
  for (int left = kTries;;) {
    auto found = co_await client.find(resource, ref);
    if (!found) co_return std::nullopt;
    const auto status = change(*found);
    if (!status) co_return found;
    try {
      PatchOptions how(PatchType::Merge, "status");
      co_return co_await client.patch(resource, ref, body_of(*found, *status), std::move(how));
    } catch (const Error& e) {
      // Gone between reading and writing shows as not found; the next read answers that.
      if ((e.kind() != ErrorKind::Conflict && e.kind() != ErrorKind::NotFound) || --left == 0) throw;
    }
  }
}

}  // namespace stash::kube
