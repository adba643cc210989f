#include "stash/api/install.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "api/manifest.hpp"
#include "stash/api/crd.hpp"
#include "stash/base/error.hpp"
#include "stash/json/yaml.hpp"

namespace stash::api {
namespace {

constexpr std::string_view kNamespace = R"({
  "apiVersion": "v1", "kind": "Namespace",
  "metadata": {"name": "${namespace}",
    "labels": {"app.kubernetes.io/name": "stash", "pod-security.kubernetes.io/enforce": "restricted"}}})";

constexpr std::string_view kService = R"({
  "apiVersion": "v1", "kind": "Service",
  "metadata": {"name": "${name}", "namespace": "${namespace}",
    "labels": {"app.kubernetes.io/name": "stash", "app.kubernetes.io/component": "${component}"}},
  "spec": {
    "selector": {"app.kubernetes.io/name": "stash", "app.kubernetes.io/component": "${selected}"},
    "ports": [{"name": "http", "port": "${port}", "targetPort": "${component}"}]}})";

constexpr std::string_view kDeployment = R"({
  "apiVersion": "apps/v1", "kind": "Deployment",
  "metadata": {"name": "stash-${component}", "namespace": "${namespace}",
    "labels": {"app.kubernetes.io/name": "stash", "app.kubernetes.io/component": "${component}"}},
  "spec": {
    "replicas": "${replicas}",
    "selector": {"matchLabels": {"app.kubernetes.io/name": "stash", "app.kubernetes.io/component": "${component}"}},
    "template": {
      "metadata": {"labels": {"app.kubernetes.io/name": "stash", "app.kubernetes.io/component": "${component}"}},
      "spec": {
        "serviceAccountName": "${account}",
        "automountServiceAccountToken": "${token}",
        "securityContext": {"runAsNonRoot": true, "runAsUser": 65532, "runAsGroup": 65532,
          "seccompProfile": {"type": "RuntimeDefault"}},
        "containers": "${containers}"}}}})";

constexpr std::string_view kOperatorContainer = R"({
  "name": "operator", "image": "${image}", "imagePullPolicy": "${policy}",
  "args": ["operator", "--namespace=${namespace}", "--image=${image}", "--image-pull-policy=${policy}",
    "--pushgateway-url=${pushgatewayUrl}", "--leader-elect"],
  "env": [{"name": "POD_NAME", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}],
  "ports": [{"name": "operator", "containerPort": 8080}],
  "livenessProbe": {"httpGet": {"path": "/healthz", "port": "operator"}, "periodSeconds": 10, "failureThreshold": 6},
  "readinessProbe": {"httpGet": {"path": "/readyz", "port": "operator"}, "periodSeconds": 5},
  "resources": {"requests": {"cpu": "10m", "memory": "16Mi"}, "limits": {"memory": "128Mi"}},
  "securityContext": {"allowPrivilegeEscalation": false, "readOnlyRootFilesystem": true,
    "capabilities": {"drop": ["ALL"]}}})";

constexpr std::string_view kPushgatewayContainer = R"({
  "name": "pushgateway", "image": "${pushgatewayImage}", "imagePullPolicy": "${policy}",
  "args": ["--web.listen-address=:56789"],
  "ports": [{"name": "pushgateway", "containerPort": 56789}],
  "livenessProbe": {"httpGet": {"path": "/-/healthy", "port": "pushgateway"}, "periodSeconds": 10},
  "readinessProbe": {"httpGet": {"path": "/-/ready", "port": "pushgateway"}, "periodSeconds": 5},
  "resources": {"requests": {"cpu": "10m", "memory": "24Mi"}, "limits": {"memory": "128Mi"}},
  "securityContext": {"allowPrivilegeEscalation": false, "readOnlyRootFilesystem": true,
    "capabilities": {"drop": ["ALL"]}}})";

void replace_all(std::string& text, const std::string& from, std::string_view to) {
  for (auto at = text.find(from); at != text.npos; at = text.find(from, at + to.size()))
    text.replace(at, from.size(), to);
}

bool is_dns_label(std::string_view name) {
  const auto inner = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; };
  return !name.empty() && name.size() <= 63 && name.front() != '-' && name.back() != '-' &&
         std::all_of(name.begin(), name.end(), inner);
}

void check(const InstallOptions& options) {
  constexpr std::array<std::string_view, 3> kPolicies{"Always", "IfNotPresent", "Never"};
  if (!is_dns_label(options.ns))
    throw Error(ErrorKind::Invalid, "namespace \"{}\" is not a name: lower-case letters, digits and dashes",
                options.ns);
  if (options.image.empty() || options.pushgateway_image.empty())
    throw Error(ErrorKind::Invalid, "an image must not be empty");
  if (std::find(kPolicies.begin(), kPolicies.end(), options.image_pull_policy) == kPolicies.end())
    throw Error(ErrorKind::Invalid, "image pull policy \"{}\" is none of {}", options.image_pull_policy,
                fmt::join(kPolicies, ", "));
  if (options.replicas < 1)
    throw Error(ErrorKind::Invalid, "replicas is {}, want at least 1", options.replicas);
}

/// Namespaces that are there before us, and are not ours to describe.
bool is_foreign(std::string_view ns) { return ns == "default" || ns.starts_with("kube-"); }

Values values_of(const InstallOptions& options) {
  return {{"namespace", json::quote(options.ns)},
          {"image", json::quote(options.image)},
          {"policy", json::quote(options.image_pull_policy)},
          {"pushgatewayImage", json::quote(options.pushgateway_image)},
          {"pushgatewayUrl", json::quote(pushgateway_url(options.ns))}};
}

Values with(Values values, std::initializer_list<Values::value_type> more) {
  values.insert(values.end(), more);
  return values;
}

std::vector<std::string> deployments(const InstallOptions& options) {
  const Values values = values_of(options);
  const std::string worker = fill(kOperatorContainer, values);
  const std::string gateway = fill(kPushgatewayContainer, values);
  const bool together = options.replicas == 1;
  std::vector<std::string> out{
      fill(kDeployment,
           with(values, {{"component", R"("operator")"},
                         {"account", R"("stash-operator")"},
                         {"token", "true"},
                         {"replicas", fmt::format("{}", options.replicas)},
                         {"containers", fmt::format("[{}]", together ? worker + "," + gateway : worker)}}))};
  if (!together)
    out.push_back(fill(kDeployment, with(values, {{"component", R"("pushgateway")"},
                                                  {"account", R"("default")"},
                                                  {"token", "false"},
                                                  {"replicas", "1"},
                                                  {"containers", fmt::format("[{}]", gateway)}})));
  return out;
}

std::string service(const InstallOptions& options, std::string_view component, std::string_view selected,
                    int port) {
  return fill(kService, with(values_of(options), {{"name", json::quote(fmt::format("stash-{}", component))},
                                                  {"component", json::quote(component)},
                                                  {"selected", json::quote(selected)},
                                                  {"port", fmt::format("{}", port)}}));
}

}  // namespace

std::string fill(std::string_view json_template, const Values& values) {
  std::string text(json_template);
  for (const auto& [name, value] : values) {
    replace_all(text, fmt::format("\"${{{}}}\"", name), value);
    if (value.starts_with('"'))
      replace_all(text, fmt::format("${{{}}}", name), std::string_view(value).substr(1, value.size() - 2));
  }
  if (text.find("${") != text.npos)
    throw Error(ErrorKind::Internal, "a place of a manifest has no value: {}",
                text.substr(text.find("${"), 40));
  return text;
}

std::string pushgateway_url(const std::string& ns) {
  return fmt::format("http://stash-pushgateway.{}.svc:56789", ns);
}

std::string operator_yaml(const InstallOptions& options) {
  check(options);
  std::vector<std::string> objects;
  if (!is_foreign(options.ns)) objects.push_back(fill(kNamespace, values_of(options)));
  for (const std::string_view access : kAccessTemplates) objects.push_back(fill(access, values_of(options)));
  objects.push_back(service(options, "operator", "operator", 8080));
  objects.push_back(
      service(options, "pushgateway", options.replicas == 1 ? "operator" : "pushgateway", 56789));
  for (std::string& deployment : deployments(options)) objects.push_back(std::move(deployment));
  std::string out;
  for (const std::string& object : objects) out += "---\n" + json::to_yaml(json::parse(object, "manifest"));
  return out;
}

std::string install_yaml(const InstallOptions& options) { return crds_yaml() + operator_yaml(options); }

}  // namespace stash::api
