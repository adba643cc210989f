#pragma once

#include <string>
#include <string_view>

#include "stash/kube/client.hpp"
#include "stash/net/http.hpp"

/// Calls of the Kubernetes API as HTTP requests: text in, text out, no socket. Bodies are added by the
/// caller.
namespace stash::kube {

/// GET /apis/apps/v1/namespaces/{ns}/deployments/{name}
net::Request find_request(const Resource& resource, const Ref& ref);
/// POST /apis/apps/v1/namespaces/{ns}/deployments
net::Request create_request(const Resource& resource, std::string_view ns);
/// PATCH
/// /apis/apps/v1/namespaces/{ns}/deployments/{name}[/status]?fieldManager=stash[&force=true][&dryRun=All]
net::Request patch_request(const Resource& resource, const Ref& ref, const PatchOptions& options);
/// PUT /apis/apps/v1/namespaces/{ns}/deployments/{name}[/status]
net::Request replace_request(const Resource& resource, const Ref& ref, std::string_view subresource);
/// DELETE /apis/apps/v1/namespaces/{ns}/deployments/{name}
net::Request remove_request(const Resource& resource, const Ref& ref);
/// The DeleteOptions that go with remove_request().
std::string remove_body(Propagation propagation, std::string_view uid);
/// GET /apis/apps/v1[/namespaces/{ns}]/deployments?limit=100[&continue=...]
net::Request list_request(const Resource& resource, const ListOptions& options);
/// GET ...?watch=1&allowWatchBookmarks=true&timeoutSeconds={seconds}
net::Request watch_request(const Resource& resource, const ListOptions& options, int seconds);
/// GET /api/v1/namespaces/{ns}/pods/{name}/exec?container=..&command=..&command=..&stdout=true&stderr=true
net::Request exec_request(const Ref& pod, std::string_view container,
                          const std::vector<std::string>& command);

}  // namespace stash::kube
