#pragma once

#include <functional>
#include <optional>
#include <string>

#include "stash/kube/client.hpp"
#include "stash/net/task.hpp"

namespace stash::kube {

/// Given the object as it is, the members of .status to change as a JSON merge patch (`{"phase":"Running"}`;
/// null removes), or nothing when all is well already. May be called several times: no side effects.
using StatusChange = std::function<std::optional<std::string>(const json::Value& object)>;

/// Read, change, write through the status subresource; the write carries the resourceVersion that was read,
/// and after a conflict everything is done again. Answers the object as it then is, or nothing when it does
/// not exist. Throws Error(Conflict) when eight tries in a row were overtaken.
Task<std::optional<json::Document>> update_status(Client& client, const Resource& resource, Ref ref,
                                                  StatusChange change);

}  // namespace stash::kube
