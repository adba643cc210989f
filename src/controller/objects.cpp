#include "controller/objects.hpp"

#include "controller/container_security.hpp"
#include "stash/api/names.hpp"
#include "stash/json/write.hpp"
#include "stash/kube/meta.hpp"

namespace stash::controller {
namespace {

std::string owner_of(const api::BackupConfiguration& bc) {
  kube::OwnerReference owner;
  owner.api_version = api::kBackupConfiguration.api_version();
  owner.kind = "BackupConfiguration";
  owner.name = bc.metadata.name;
  owner.uid = bc.metadata.uid;
  owner.controller = true;
  owner.block_owner_deletion = true;
  return owner.json();
}

std::string metadata(std::string_view name, std::string_view ns, const api::Labels& labels,
                     const std::string& owner) {
  return fmt::format(R"({{"name":{},"namespace":{},"labels":{}{}}})", json::quote(name), json::quote(ns),
                     json::to_text(labels),
                     owner.empty() ? "" : fmt::format(R"(,"ownerReferences":[{}])", owner));
}

/// `,"key":value` when there is a value.
std::string optional_member(std::string_view key, const std::string& value) {
  return value.empty() ? "" : fmt::format(R"(,"{}":{})", key, value);
}

template <class T>
std::string text_unless_empty(const T& value) {
  return json::is_empty(value) ? "" : json::to_text(value);
}

std::string account_name(const api::BackupConfiguration& bc) {
  const auto& pod = bc.spec.runtime_settings.pod;
  return pod && !pod->service_account_name.empty() ? pod->service_account_name : api::cron_job_name(bc);
}

/// The members of a pod's spec that runtimeSettings.pod may set.
std::string pod_settings(const api::RuntimePod& p) {
  return optional_member("nodeSelector", text_unless_empty(p.node_selector)) +
         optional_member("nodeName", text_unless_empty(p.node_name)) +
         optional_member("securityContext", p.security_context.text) +
         optional_member("imagePullSecrets", text_unless_empty(p.image_pull_secrets)) +
         optional_member("affinity", p.affinity.text) +
         optional_member("schedulerName", text_unless_empty(p.scheduler_name)) +
         optional_member("tolerations", text_unless_empty(p.tolerations)) +
         optional_member("priorityClassName", text_unless_empty(p.priority_class_name)) +
         optional_member("runtimeClassName", text_unless_empty(p.runtime_class_name)) +
         optional_member("enableServiceLinks", text_unless_empty(p.enable_service_links)) +
         optional_member("topologySpreadConstraints", text_unless_empty(p.topology_spread_constraints));
}

const api::RuntimePod& pod_of(const api::BackupConfiguration& bc) {
  static const api::RuntimePod kNone;
  return bc.spec.runtime_settings.pod ? *bc.spec.runtime_settings.pod : kNone;
}

std::string trigger_container(const api::BackupConfiguration& bc, const ExecutorSettings& settings) {
  static const api::RuntimeContainer kNone;
  const api::RuntimeContainer& c =
      bc.spec.runtime_settings.container ? *bc.spec.runtime_settings.container : kNone;
  return fmt::format(
      R"({{"name":"{}","image":{}{},"args":["create-backupsession",{},"--invoker-kind=BackupConfiguration"],"securityContext":{}{}{}{}}})",
      api::kTriggerContainer, json::quote(settings.image),
      optional_member("imagePullPolicy", text_unless_empty(settings.image_pull_policy)),
      json::quote("--invoker-name=" + bc.metadata.name),
      c.security_context.text.empty() ? trigger_security(pod_of(bc)) : c.security_context.text,
      optional_member("resources", c.resources.text), optional_member("env", text_unless_empty(c.env)),
      optional_member("envFrom", text_unless_empty(c.env_from)));
}

/// The operator's own are part of the API: a user's do not take their place.
api::Labels pod_labels(const api::RuntimePod& pod, const api::Labels& own) {
  api::Labels out = own;
  out.insert(pod.pod_labels.begin(), pod.pod_labels.end());
  return out;
}

}  // namespace

std::string cron_job(const api::BackupConfiguration& bc, const ExecutorSettings& settings) {
  const api::RuntimePod& pod = pod_of(bc);
  const api::Labels labels = api::offshoot_labels(bc.metadata.labels, api::kBackupComponent);
  api::Labels job_labels = labels;
  job_labels[std::string(api::kDeleteJobLabel)] = "true";
  const std::string pod_template = fmt::format(
      R"({{"metadata":{{"labels":{}{}}},"spec":{{"restartPolicy":"Never","serviceAccountName":{},"automountServiceAccountToken":true,"containers":[{}]{}}}}})",
      json::to_text(pod_labels(pod, job_labels)),
      optional_member("annotations", text_unless_empty(pod.pod_annotations)), json::quote(account_name(bc)),
      trigger_container(bc, settings), pod_settings(pod));
  return fmt::format(
      R"({{"apiVersion":"batch/v1","kind":"CronJob","metadata":{},"spec":{{"schedule":{},"suspend":{},"jobTemplate":{{"metadata":{{"labels":{}}},"spec":{{"backoffLimit":3,"template":{}}}}}}}}})",
      metadata(api::cron_job_name(bc), bc.metadata.ns, labels, owner_of(bc)), json::quote(bc.spec.schedule),
      bc.spec.paused, json::to_text(job_labels), pod_template);
}

std::string service_account(const api::BackupConfiguration& bc) {
  const api::Labels labels = api::offshoot_labels(bc.metadata.labels, api::kBackupComponent);
  std::string meta = metadata(api::cron_job_name(bc), bc.metadata.ns, labels, owner_of(bc));
  const auto& pod = bc.spec.runtime_settings.pod;
  if (pod && !pod->service_account_annotations.empty()) {
    meta.pop_back();
    meta += optional_member("annotations", json::to_text(pod->service_account_annotations)) + "}";
  }
  return fmt::format(R"({{"apiVersion":"v1","kind":"ServiceAccount","metadata":{}}})", meta);
}

std::string trigger_binding(const api::BackupConfiguration& bc) {
  BindingOptions options;
  options.name = api::cron_job_name(bc);
  options.ns = bc.metadata.ns;
  options.role_kind = "ClusterRole";
  options.role = api::kTriggerRole;
  options.account = account_name(bc);
  options.account_ns = bc.metadata.ns;
  options.owner = owner_of(bc);
  options.invoker = bc.metadata;
  options.component = api::kBackupComponent;
  return role_binding(options);
}

std::string role_binding(const BindingOptions& o) {
  return fmt::format(
      R"({{"apiVersion":"rbac.authorization.k8s.io/v1","kind":"RoleBinding","metadata":{},"roleRef":{{"apiGroup":"rbac.authorization.k8s.io","kind":{},"name":{}}},"subjects":[{{"kind":"ServiceAccount","name":{},"namespace":{}}}]}})",
      metadata(o.name, o.ns, api::offshoot_labels(o.invoker.labels, o.component), o.owner),
      json::quote(o.role_kind), json::quote(o.role), json::quote(o.account), json::quote(o.account_ns));
}

std::string repository_role(const BindingOptions& o, const api::Repository& repository) {
  const std::string repo = json::quote(repository.metadata.name);
  const std::string secret = json::quote(repository.spec.backend.storage_secret_name);
  return fmt::format(
      R"({{"apiVersion":"rbac.authorization.k8s.io/v1","kind":"Role","metadata":{},"rules":[{{"apiGroups":[""],"resources":["secrets"],"verbs":["get"],"resourceNames":[{}]}},{{"apiGroups":["stash.appscode.com"],"resources":["repositories"],"verbs":["get"],"resourceNames":[{}]}},{{"apiGroups":["stash.appscode.com"],"resources":["repositories/status"],"verbs":["patch"],"resourceNames":[{}]}}]}})",
      metadata(o.name, o.ns, api::offshoot_labels(o.invoker.labels, o.component), o.owner), secret, repo,
      repo);
}

std::string service_account_of(const json::Value& workload) {
  const std::string_view name = json::text(workload, "spec", "template", "spec", "serviceAccountName");
  return name.empty() ? "default" : std::string(name);
}

}  // namespace stash::controller
