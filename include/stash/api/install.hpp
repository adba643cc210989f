#pragma once

#include <cstdint>
#include <string>

namespace stash::api {

struct InstallOptions {
  std::string ns = "stash";
  std::string image = "stash:" STASH_VERSION;
  std::string pushgateway_image = "prom/pushgateway:v1.11.1";
  std::string image_pull_policy = "IfNotPresent";  ///< of the operator and of what it makes
  std::int32_t replicas = 1;  ///< of the operator: one works, the others wait for its Lease

  InstallOptions() {}
};

/// Address that executors push metrics to: `http://stash-pushgateway.<ns>.svc:56789`.
std::string pushgateway_url(const std::string& ns);

/// Everything but the CRDs as one YAML text: Namespace, ServiceAccount, roles and bindings of the operator,
/// the ClusterRoles that it binds for executors (stash-sidecar, stash-restore-init-container,
/// stash-hook-exec, stash-cron-job), the roles that aggregate to view, edit and admin, Services, and the
/// Deployment `stash-operator`:
///
///   container operator     operator --namespace=<ns> --image=<image> --image-pull-policy=<policy>
///                          --pushgateway-url=<pushgateway_url(ns)> --leader-elect
///                          environment POD_NAME; port 8080 with /metrics, /healthz, /readyz
///   container pushgateway  port 56789
///
/// With more than one replica the Pushgateway gets a Deployment of its own, stash-pushgateway: two of them
/// behind one Service would each hold half of the series.
///
/// The executors' ClusterRoles grant no Secret and no Repository: the operator makes a Role for exactly one
/// of each. Throws Error(Invalid) for a namespace, pull policy or number of replicas that cannot be.
std::string operator_yaml(const InstallOptions& options);

/// crds_yaml() and operator_yaml(): what `stash install | kubectl apply -f -` takes.
std::string install_yaml(const InstallOptions& options);

}  // namespace stash::api
