#include "kube/request.hpp"

namespace stash::kube {
namespace {

class Target {
 public:
  explicit Target(std::string path) : text_(std::move(path)) {}

  Target& query(std::string_view key, std::string_view value) {
    text_ += fmt::format("{}{}={}", std::exchange(separator_, '&'), key, net::percent_encode(value));
    return *this;
  }
  Target& query_unless_empty(std::string_view key, std::string_view value) {
    return value.empty() ? *this : query(key, value);
  }
  std::string take() { return std::move(text_); }

 private:
  std::string text_;
  char separator_ = '?';
};

/// One part of a path. The API server refuses these too, but a dot segment would first be folded by a proxy
/// and then name another object.
std::string segment(std::string_view text, std::string_view what, const Resource& resource) {
  if (text.empty()) throw Error(ErrorKind::Invalid, "{}: {} is empty", resource.plural, what);
  if (text == "." || text == ".." || text.find_first_of("/%") != std::string_view::npos)
    throw Error(ErrorKind::Invalid, "{}: {} \"{}\" cannot be the name of an object", resource.plural, what,
                text);
  return net::percent_encode(text);
}

std::string collection(const Resource& resource, std::string_view ns, bool all_namespaces) {
  std::string path = resource.group.empty() ? fmt::format("/api/{}", resource.version)
                                            : fmt::format("/apis/{}/{}", resource.group, resource.version);
  if (resource.namespaced && !(all_namespaces && ns.empty()))
    path += "/namespaces/" + segment(ns, "namespace", resource);
  return fmt::format("{}/{}", path, resource.plural);
}

std::string object(const Resource& resource, const Ref& ref, std::string_view subresource) {
  std::string path = collection(resource, ref.ns, false) + "/" + segment(ref.name, "name", resource);
  if (!subresource.empty()) path += fmt::format("/{}", subresource);
  return path;
}

net::Request request(std::string method, std::string target, std::string content_type = "") {
  net::Request out(std::move(method), std::move(target));
  out.headers.emplace_back("Accept", "application/json");
  if (!content_type.empty()) out.headers.emplace_back("Content-Type", std::move(content_type));
  return out;
}

std::string content_type(PatchType type) {
  switch (type) {
    case PatchType::Merge:
      return "application/merge-patch+json";
    case PatchType::Strategic:
      return "application/strategic-merge-patch+json";
    case PatchType::Json:
      return "application/json-patch+json";
    case PatchType::Apply:
      return "application/apply-patch+yaml";  // JSON is YAML; the only name every release knows
  }
  throw Error(ErrorKind::Internal, "no such patch type");
}

Target selected(const Resource& resource, const ListOptions& options) {
  Target target(collection(resource, options.ns, true));
  target.query_unless_empty("labelSelector", options.label_selector);
  target.query_unless_empty("fieldSelector", options.field_selector);
  return target;
}

}  // namespace

net::Request find_request(const Resource& resource, const Ref& ref) {
  return request("GET", object(resource, ref, ""));
}

net::Request create_request(const Resource& resource, std::string_view ns) {
  Target target(collection(resource, ns, false));
  return request("POST", target.query("fieldManager", "stash").take(), "application/json");
}

net::Request patch_request(const Resource& resource, const Ref& ref, const PatchOptions& options) {
  Target target(object(resource, ref, options.subresource));
  target.query_unless_empty("fieldManager", options.field_manager);
  if (options.type == PatchType::Apply) target.query("force", options.force ? "true" : "false");
  if (options.dry_run) target.query("dryRun", "All");
  return request("PATCH", target.take(), content_type(options.type));
}

net::Request replace_request(const Resource& resource, const Ref& ref, std::string_view subresource) {
  Target target(object(resource, ref, subresource));
  return request("PUT", target.query("fieldManager", "stash").take(), "application/json");
}

net::Request remove_request(const Resource& resource, const Ref& ref) {
  return request("DELETE", object(resource, ref, ""), "application/json");
}

std::string remove_body(Propagation propagation, std::string_view uid) {
  const std::string_view policy = propagation == Propagation::Background   ? "Background"
                                  : propagation == Propagation::Foreground ? "Foreground"
                                                                           : "Orphan";
  const std::string guard =
      uid.empty() ? "" : fmt::format(R"(,"preconditions":{{"uid":{}}})", json::quote(uid));
  return fmt::format(R"({{"kind":"DeleteOptions","apiVersion":"v1","propagationPolicy":"{}"{}}})", policy,
                     guard);
}

net::Request list_request(const Resource& resource, const ListOptions& options) {
  Target target = selected(resource, options);
  if (options.limit > 0) target.query("limit", std::to_string(options.limit));
  // The server refuses a resourceVersion beside a continue token: the token already carries it.
  if (options.continue_token.empty()) target.query_unless_empty("resourceVersion", options.resource_version);
  target.query_unless_empty("continue", options.continue_token);
  return request("GET", target.take());
}

net::Request watch_request(const Resource& resource, const ListOptions& options, int seconds) {
  Target target = selected(resource, options);
  target.query("watch", "1").query("allowWatchBookmarks", "true");
  target.query_unless_empty("resourceVersion", options.resource_version);
  return request("GET", target.query("timeoutSeconds", std::to_string(seconds)).take());
}

net::Request exec_request(const Ref& pod, std::string_view container,
                          const std::vector<std::string>& command) {
  static constexpr Resource kPods{"", "v1", "pods", "Pod"};
  if (command.empty()) throw Error(ErrorKind::Invalid, "pod {}: no command to run", pod.str());
  Target target(object(kPods, pod, "exec"));
  target.query_unless_empty("container", container);
  for (const std::string& word : command) target.query("command", word);
  return request("GET", target.query("stdout", "true").query("stderr", "true").take());
}

}  // namespace stash::kube
