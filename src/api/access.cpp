#include "api/manifest.hpp"

// Who may do what. The rules name verbs that the code uses and no others. A server-side apply needs `patch`,
// and `create` for what is not there.
//
// The operator may `bind` the executors' ClusterRoles, and may make Roles that hold rights it has itself (get
// one Secret, get one Repository, write its status): the API server refuses every other grant, so a stolen
// token of the operator cannot become cluster-admin. `finalizers`, and `delete` of ServiceAccounts, are for
// clusters that check who may block an owner's deletion, and who may give an object another owner.
//
// A WebSocket to pods/exec is a GET, which the API server takes as `get`, and newer ones as `create`.

namespace stash::api {
namespace {

constexpr std::string_view kServiceAccount = R"({
  "apiVersion": "v1", "kind": "ServiceAccount",
  "metadata": {"name": "stash-operator", "namespace": "${namespace}", "labels": {"app.kubernetes.io/name": "stash"}}})";

constexpr std::string_view kOperatorRole = R"({
  "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole",
  "metadata": {"name": "stash-operator", "labels": {"app.kubernetes.io/name": "stash"}},
  "rules": [
    {"apiGroups": ["stash.appscode.com"],
     "resources": ["repositories", "backupconfigurations", "restoresessions"],
     "verbs": ["get", "list", "watch", "patch"]},
    {"apiGroups": ["stash.appscode.com"], "resources": ["backupsessions"],
     "verbs": ["get", "list", "watch", "create", "delete"]},
    {"apiGroups": ["stash.appscode.com"],
     "resources": ["repositories/status", "backupconfigurations/status", "backupsessions/status", "restoresessions/status"],
     "verbs": ["patch"]},
    {"apiGroups": ["stash.appscode.com"], "resources": ["backupconfigurations/finalizers"], "verbs": ["update"]},
    {"apiGroups": ["apps"], "resources": ["deployments", "statefulsets", "daemonsets"],
     "verbs": ["get", "list", "watch", "patch"]},
    {"apiGroups": ["batch"], "resources": ["cronjobs"], "verbs": ["list", "watch", "create", "patch", "delete"]},
    {"apiGroups": ["batch"], "resources": ["jobs"], "verbs": ["list", "watch", "delete"]},
    {"apiGroups": [""], "resources": ["pods"], "verbs": ["list"]},
    {"apiGroups": [""], "resources": ["secrets", "namespaces"], "verbs": ["get"]},
    {"apiGroups": [""], "resources": ["serviceaccounts"], "verbs": ["create", "patch", "delete"]},
    {"apiGroups": [""], "resources": ["events"], "verbs": ["get", "create", "patch"]},
    {"apiGroups": ["rbac.authorization.k8s.io"], "resources": ["roles", "rolebindings"],
     "verbs": ["create", "patch", "delete"]},
    {"apiGroups": ["rbac.authorization.k8s.io"], "resources": ["clusterroles"], "verbs": ["bind"],
     "resourceNames": ["stash-sidecar", "stash-restore-init-container", "stash-hook-exec", "stash-cron-job"]}
  ]})";

constexpr std::string_view kOperatorBinding = R"({
  "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding",
  "metadata": {"name": "stash-operator", "labels": {"app.kubernetes.io/name": "stash"}},
  "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "stash-operator"},
  "subjects": [{"kind": "ServiceAccount", "name": "stash-operator", "namespace": "${namespace}"}]})";

constexpr std::string_view kLeaderRole = R"({
  "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role",
  "metadata": {"name": "stash-operator", "namespace": "${namespace}", "labels": {"app.kubernetes.io/name": "stash"}},
  "rules": [
    {"apiGroups": ["coordination.k8s.io"], "resources": ["leases"], "verbs": ["create"]},
    {"apiGroups": ["coordination.k8s.io"], "resources": ["leases"], "verbs": ["get", "patch"],
     "resourceNames": ["stash-operator"]}
  ]})";

constexpr std::string_view kLeaderBinding = R"({
  "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding",
  "metadata": {"name": "stash-operator", "namespace": "${namespace}", "labels": {"app.kubernetes.io/name": "stash"}},
  "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "stash-operator"},
  "subjects": [{"kind": "ServiceAccount", "name": "stash-operator", "namespace": "${namespace}"}]})";

constexpr std::string_view kSidecarRole = R"({
  "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole",
  "metadata": {"name": "stash-sidecar", "labels": {"app.kubernetes.io/name": "stash"}},
  "rules": [
    {"apiGroups": ["stash.appscode.com"], "resources": ["backupconfigurations"], "verbs": ["get"]},
    {"apiGroups": ["stash.appscode.com"], "resources": ["backupsessions"], "verbs": ["get", "list", "watch"]},
    {"apiGroups": ["stash.appscode.com"], "resources": ["backupsessions/status"], "verbs": ["patch"]},
    {"apiGroups": ["coordination.k8s.io"], "resources": ["leases"], "verbs": ["get", "create", "patch"]},
    {"apiGroups": [""], "resources": ["events"], "verbs": ["get", "create", "patch"]},
    {"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}
  ]})";

constexpr std::string_view kInitRole = R"({
  "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole",
  "metadata": {"name": "stash-restore-init-container", "labels": {"app.kubernetes.io/name": "stash"}},
  "rules": [
    {"apiGroups": ["stash.appscode.com"], "resources": ["restoresessions"], "verbs": ["get"]},
    {"apiGroups": ["stash.appscode.com"], "resources": ["restoresessions/status"], "verbs": ["patch"]},
    {"apiGroups": ["coordination.k8s.io"], "resources": ["leases"], "verbs": ["get", "create", "patch"]},
    {"apiGroups": [""], "resources": ["events"], "verbs": ["get", "create", "patch"]},
    {"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}
  ]})";

constexpr std::string_view kExecRole = R"({
  "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole",
  "metadata": {"name": "stash-hook-exec", "labels": {"app.kubernetes.io/name": "stash"}},
  "rules": [{"apiGroups": [""], "resources": ["pods/exec"], "verbs": ["get", "create"]}]})";

constexpr std::string_view kTriggerRole = R"({
  "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole",
  "metadata": {"name": "stash-cron-job", "labels": {"app.kubernetes.io/name": "stash"}},
  "rules": [
    {"apiGroups": ["stash.appscode.com"], "resources": ["backupconfigurations"], "verbs": ["get"]},
    {"apiGroups": ["stash.appscode.com"], "resources": ["backupconfigurations/finalizers"], "verbs": ["update"]},
    {"apiGroups": ["stash.appscode.com"], "resources": ["backupsessions"], "verbs": ["get", "create"]}
  ]})";

constexpr std::string_view kViewRole = R"({
  "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole",
  "metadata": {"name": "stash-view",
    "labels": {"app.kubernetes.io/name": "stash",
      "rbac.authorization.k8s.io/aggregate-to-view": "true", "rbac.authorization.k8s.io/aggregate-to-edit": "true",
      "rbac.authorization.k8s.io/aggregate-to-admin": "true"}},
  "rules": [{"apiGroups": ["stash.appscode.com"],
    "resources": ["repositories", "backupconfigurations", "backupsessions", "restoresessions"],
    "verbs": ["get", "list", "watch"]}]})";

constexpr std::string_view kEditRole = R"({
  "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole",
  "metadata": {"name": "stash-edit",
    "labels": {"app.kubernetes.io/name": "stash",
      "rbac.authorization.k8s.io/aggregate-to-edit": "true", "rbac.authorization.k8s.io/aggregate-to-admin": "true"}},
  "rules": [{"apiGroups": ["stash.appscode.com"],
    "resources": ["repositories", "backupconfigurations", "backupsessions", "restoresessions"],
    "verbs": ["create", "update", "patch", "delete", "deletecollection"]}]})";

}  // namespace

const std::vector<std::string_view> kAccessTemplates{
    kServiceAccount, kOperatorRole, kOperatorBinding, kLeaderRole, kLeaderBinding, kSidecarRole,
    kInitRole,       kExecRole,     kTriggerRole,     kViewRole,   kEditRole};

}  // namespace stash::api
