#pragma once

// The field tables of what is backed up, and what is restored into (target.hpp).

#include "stash/api/fields/types.hpp"
#include "stash/api/target.hpp"

namespace stash::api {

constexpr auto VolumeMount::fields() {
  return std::tuple{
      Field{"name", &VolumeMount::name, "Name of a volume of the pod.", {.required = true}},
      Field{"mountPath",
            &VolumeMount::mount_path,
            "Where the volume is seen inside the container.",
            {.required = true}},
      Field{"subPath", &VolumeMount::sub_path, "Folder of the volume to mount instead of its root."},
      Field{"subPathExpr", &VolumeMount::sub_path_expr, "The same with environment variables expanded."},
      Field{"readOnly", &VolumeMount::read_only, "Mount it read-only."},
      Field{"recursiveReadOnly", &VolumeMount::recursive_read_only,
            "Whether mounts below are read-only too."},
      Field{"mountPropagation", &VolumeMount::mount_propagation,
            "How mounts travel between host and container."}};
}

constexpr auto BackupTarget::fields() {
  using T = BackupTarget;
  return std::tuple{
      Field{
          "alias", &T::alias, "Name used for the host instead of host-0 or the node's.", {.max_length = 253}},
      Field{"ref", &T::ref, "What to back up."},
      Field{"paths",
            &T::paths,
            "Absolute paths inside the container; one snapshot each.",
            {.max_items = 256, .item_max_length = 4096}},
      Field{"volumeMounts", &T::volume_mounts, "Volumes of the pod that hold these paths."},
      Field{"replicas", &T::replicas, "How many replicas' claims to snapshot (VolumeSnapshotter)."},
      Field{"snapshotClassName", &T::snapshot_class_name, "VolumeSnapshotClass (VolumeSnapshotter)."},
      Field{"exclude", &T::exclude, "Patterns of files to leave out."},
      Field{"args", &T::args, "Further flags for the backup, e.g. --ignore-inode."}};
}

constexpr auto RestoreRule::fields() {
  using R = RestoreRule;
  return std::tuple{
      Field{"targetHosts",
            &R::target_hosts,
            "Hosts this rule is for; empty: all that no other rule names.",
            {.max_items = 64, .item_max_length = 253}},
      Field{"sourceHost",
            &R::source_host,
            "Host whose snapshots are taken; empty: the same.",
            {.max_length = 253}},
      Field{"snapshots", &R::snapshots, "Snapshot ids, or latest.", {.max_items = 64, .item_max_length = 64}},
      Field{"paths",
            &R::paths,
            "Paths whose newest snapshot is restored.",
            {.max_items = 64, .item_max_length = 4096}},
      Field{"include", &R::include, "Patterns of files to restore; empty: all."},
      Field{"exclude", &R::exclude, "Patterns of files not to restore."}};
}

constexpr auto PartialObjectMeta::fields() {
  using M = PartialObjectMeta;
  return std::tuple{Field{"name", &M::name, "Name of the object."},
                    Field{"generateName", &M::generate_name, "Beginning of a generated name."},
                    Field{"namespace", &M::ns, "Namespace of the object."},
                    Field{"labels", &M::labels, "Labels of the object."},
                    Field{"annotations", &M::annotations, "Annotations of the object."},
                    Field{"ownerReferences", &M::owner_references, "Owners of the object."}};
}

constexpr auto PartialVolumeClaim::fields() {
  using C = PartialVolumeClaim;
  return std::tuple{Field{"metadata", &C::metadata, "Metadata of the claim."},
                    Field{"spec", &C::spec, "A PersistentVolumeClaimSpec."},
                    Field{"status", &C::status, "A PersistentVolumeClaimStatus; ignored."}};
}

constexpr auto RestoreTarget::fields() {
  using T = RestoreTarget;
  return std::tuple{
      Field{"alias", &T::alias, "Name used for the host; must equal the backup's.", {.max_length = 253}},
      Field{"ref", &T::ref, "What to restore into."},
      Field{"volumeMounts", &T::volume_mounts, "Volumes of the pod that the data goes to."},
      Field{"replicas", &T::replicas, "How many ordinals the claim templates are made for."},
      Field{"volumeClaimTemplates", &T::volume_claim_templates, "Claims to create and restore into."},
      Field{"rules", &T::rules, "Which snapshots each host takes.", {.max_items = 32}},
      Field{"args", &T::args, "Further flags for the restore."}};
}

}  // namespace stash::api
