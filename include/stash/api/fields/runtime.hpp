#pragma once

// The field tables of the settings of executors (runtime.hpp).

#include "stash/api/fields/types.hpp"
#include "stash/api/runtime.hpp"

namespace stash::api {

constexpr auto RuntimePod::fields() {
  using P = RuntimePod;
  return std::tuple{
      Field{"podLabels", &P::pod_labels, "Labels for pods of jobs."},
      Field{"podAnnotations", &P::pod_annotations, "Annotations for pods of jobs."},
      Field{"nodeSelector", &P::node_selector, "Labels the node must have."},
      Field{"serviceAccountName", &P::service_account_name,
            "ServiceAccount to use instead of a generated one."},
      Field{"serviceAccountAnnotations", &P::service_account_annotations,
            "Annotations for the generated ServiceAccount."},
      Field{"automountServiceAccountToken", &P::automount_service_account_token,
            "Whether the token is mounted."},
      Field{"nodeName", &P::node_name, "Node to run on."},
      Field{"securityContext", &P::security_context, "A PodSecurityContext."},
      Field{"imagePullSecrets", &P::image_pull_secrets, "Secrets for pulling images."},
      Field{"affinity", &P::affinity, "Scheduling constraints."},
      Field{"schedulerName", &P::scheduler_name, "Scheduler to use."},
      Field{"tolerations", &P::tolerations, "Taints to tolerate."},
      Field{"priorityClassName", &P::priority_class_name, "PriorityClass of the pods."},
      Field{"priority", &P::priority, "Priority of the pods."},
      Field{"readinessGates", &P::readiness_gates, "Further conditions for readiness."},
      Field{"runtimeClassName", &P::runtime_class_name, "RuntimeClass to use."},
      Field{"enableServiceLinks", &P::enable_service_links,
            "Whether services are told by environment variables."},
      Field{"topologySpreadConstraints", &P::topology_spread_constraints, "How pods are spread."}};
}

constexpr auto Nice::fields() {
  return std::tuple{
      Field{"adjustment", &Nice::adjustment, "From -20 (first) to 19 (last).", {.min = -20, .max = 19}}};
}

constexpr auto IoNice::fields() {
  return std::tuple{
      Field{"class", &IoNice::io_class, "0 none, 1 real time, 2 best effort, 3 idle.", {.min = 0, .max = 3}},
      Field{"classData", &IoNice::class_data, "From 0 (first) to 7 (last).", {.min = 0, .max = 7}}};
}

constexpr auto RuntimeContainer::fields() {
  using C = RuntimeContainer;
  return std::tuple{Field{"resources", &C::resources, "Requests and limits."},
                    Field{"livenessProbe", &C::liveness_probe, "A Probe."},
                    Field{"readinessProbe", &C::readiness_probe, "A Probe."},
                    Field{"lifecycle", &C::lifecycle, "Actions on start and stop."},
                    Field{"securityContext", &C::security_context, "A SecurityContext."},
                    Field{"nice", &C::nice, "CPU priority of the work."},
                    Field{"ionice", &C::ionice, "Disk priority of the work."},
                    Field{"env", &C::env, "Environment variables."},
                    Field{"envFrom", &C::env_from, "Sources of environment variables."}};
}

constexpr auto RuntimeSettings::fields() {
  return std::tuple{
      Field{"pod", &RuntimeSettings::pod, "For pods of jobs and of the trigger."},
      Field{"container", &RuntimeSettings::container, "For sidecars, init containers and jobs."}};
}

}  // namespace stash::api
