#pragma once

// Pure: the SecurityContext of each container of ours, as JSON, where runtimeSettings gives none.

#include <string>

#include "stash/api/runtime.hpp"
#include "stash/json/value.hpp"

namespace stash::controller {

// A workload whose template says that its containers do not run as root gets containers that fit the Pod
// Security level `restricted`, with the application's user; the kubelet or the namespace would refuse others.

/// Of the sidecar; else "": it runs as the pod does.
std::string sidecar_security(const json::Value& workload);
/// Of the restore's init container; else root: nobody but root can give files back to their owners.
std::string init_security(const json::Value& workload);
/// Of the trigger in a pod with these settings.
std::string trigger_security(const api::RuntimePod& pod);

}  // namespace stash::controller
