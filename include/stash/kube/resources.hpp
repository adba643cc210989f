#pragma once

#include "stash/kube/client.hpp"

/// The built-in kinds this program speaks of.
namespace stash::kube {

inline constexpr Resource kNamespace{"", "v1", "namespaces", "Namespace", false};
inline constexpr Resource kNode{"", "v1", "nodes", "Node", false};
inline constexpr Resource kPod{"", "v1", "pods", "Pod"};
inline constexpr Resource kSecret{"", "v1", "secrets", "Secret"};
inline constexpr Resource kConfigMap{"", "v1", "configmaps", "ConfigMap"};
inline constexpr Resource kService{"", "v1", "services", "Service"};
inline constexpr Resource kServiceAccount{"", "v1", "serviceaccounts", "ServiceAccount"};
inline constexpr Resource kPersistentVolume{"", "v1", "persistentvolumes", "PersistentVolume", false};
inline constexpr Resource kPersistentVolumeClaim{"", "v1", "persistentvolumeclaims", "PersistentVolumeClaim"};
inline constexpr Resource kReplicationController{"", "v1", "replicationcontrollers", "ReplicationController"};
inline constexpr Resource kEvent{"", "v1", "events", "Event"};

inline constexpr Resource kDeployment{"apps", "v1", "deployments", "Deployment"};
inline constexpr Resource kReplicaSet{"apps", "v1", "replicasets", "ReplicaSet"};
inline constexpr Resource kStatefulSet{"apps", "v1", "statefulsets", "StatefulSet"};
inline constexpr Resource kDaemonSet{"apps", "v1", "daemonsets", "DaemonSet"};

inline constexpr Resource kJob{"batch", "v1", "jobs", "Job"};
inline constexpr Resource kCronJob{"batch", "v1", "cronjobs", "CronJob"};

inline constexpr Resource kRole{"rbac.authorization.k8s.io", "v1", "roles", "Role"};
inline constexpr Resource kRoleBinding{"rbac.authorization.k8s.io", "v1", "rolebindings", "RoleBinding"};
inline constexpr Resource kClusterRole{"rbac.authorization.k8s.io", "v1", "clusterroles", "ClusterRole",
                                       false};
inline constexpr Resource kClusterRoleBinding{"rbac.authorization.k8s.io", "v1", "clusterrolebindings",
                                              "ClusterRoleBinding", false};

inline constexpr Resource kLease{"coordination.k8s.io", "v1", "leases", "Lease"};
inline constexpr Resource kStorageClass{"storage.k8s.io", "v1", "storageclasses", "StorageClass", false};
inline constexpr Resource kVolumeSnapshot{"snapshot.storage.k8s.io", "v1", "volumesnapshots",
                                          "VolumeSnapshot"};
inline constexpr Resource kCustomResourceDefinition{"apiextensions.k8s.io", "v1", "customresourcedefinitions",
                                                    "CustomResourceDefinition", false};

}  // namespace stash::kube
