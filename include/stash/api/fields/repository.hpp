#pragma once

// The field tables of Repository (repository.hpp).

#include "stash/api/fields/types.hpp"
#include "stash/api/repository.hpp"

namespace stash::api {

constexpr auto LocalBackend::fields() {
  using L = LocalBackend;
  return std::tuple{
      Field{"mountPath",
            &L::mount_path,
            "Where the volume is mounted in the executor; not /stash or below it.",
            {.required = true, .max_length = 4096}},
      Field{"subPath", &L::sub_path, "Folder of the volume that holds the repository."},
      Field{"hostPath", &L::host_path, "A HostPathVolumeSource."},
      Field{"nfs", &L::nfs, "An NFSVolumeSource."},
      Field{"persistentVolumeClaim", &L::persistent_volume_claim, "A PersistentVolumeClaimVolumeSource."},
      Field{"emptyDir", &L::empty_dir, "An EmptyDirVolumeSource."},
      Field{"awsElasticBlockStore", &L::aws_elastic_block_store, "An AWSElasticBlockStoreVolumeSource."},
      Field{"gcePersistentDisk", &L::gce_persistent_disk, "A GCEPersistentDiskVolumeSource."},
      Field{"azureDisk", &L::azure_disk, "An AzureDiskVolumeSource."},
      Field{"azureFile", &L::azure_file, "An AzureFileVolumeSource."},
      Field{"storageos", &L::storageos, "A StorageOSVolumeSource."},
      Field{"csi", &L::csi, "A CSIVolumeSource."},
      Field{"cephfs", &L::cephfs, "A CephFSVolumeSource."},
      Field{"cinder", &L::cinder, "A CinderVolumeSource."},
      Field{"configMap", &L::config_map, "A ConfigMapVolumeSource."},
      Field{"downwardAPI", &L::downward_api, "A DownwardAPIVolumeSource."},
      Field{"ephemeral", &L::ephemeral, "An EphemeralVolumeSource."},
      Field{"fc", &L::fc, "An FCVolumeSource."},
      Field{"flexVolume", &L::flex_volume, "A FlexVolumeSource."},
      Field{"flocker", &L::flocker, "A FlockerVolumeSource."},
      Field{"gitRepo", &L::git_repo, "A GitRepoVolumeSource."},
      Field{"glusterfs", &L::glusterfs, "A GlusterfsVolumeSource."},
      Field{"image", &L::image, "An ImageVolumeSource."},
      Field{"iscsi", &L::iscsi, "An ISCSIVolumeSource."},
      Field{"photonPersistentDisk", &L::photon_persistent_disk, "A PhotonPersistentDiskVolumeSource."},
      Field{"portworxVolume", &L::portworx_volume, "A PortworxVolumeSource."},
      Field{"projected", &L::projected, "A ProjectedVolumeSource."},
      Field{"quobyte", &L::quobyte, "A QuobyteVolumeSource."},
      Field{"rbd", &L::rbd, "An RBDVolumeSource."},
      Field{"scaleIO", &L::scale_io, "A ScaleIOVolumeSource."},
      Field{"secret", &L::secret, "A SecretVolumeSource."},
      Field{"vsphereVolume", &L::vsphere_volume, "A VsphereVirtualDiskVolumeSource."}};
}

constexpr auto S3Backend::fields() {
  using S = S3Backend;
  return std::tuple{Field{"endpoint", &S::endpoint, "Host or URL of the S3 service.", {.required = true}},
                    Field{"bucket", &S::bucket, "Bucket; it must exist.", {.required = true}},
                    Field{"prefix", &S::prefix, "Folder inside the bucket."},
                    Field{"region", &S::region, "Region of the bucket."},
                    Field{"insecureTLS", &S::insecure_tls, "Do not verify the server's certificate."}};
}

constexpr auto BucketBackend::fields() {
  using B = BucketBackend;
  return std::tuple{Field{"bucket", &B::bucket, "Bucket; it must exist.", {.required = true}},
                    Field{"prefix", &B::prefix, "Folder inside the bucket."},
                    Field{"maxConnections",
                          &B::max_connections,
                          "Most connections at once; 0: the engine's own choice.",
                          {.min = 0}}};
}

constexpr auto AzureBackend::fields() {
  using A = AzureBackend;
  return std::tuple{Field{"container", &A::container, "Container; it must exist.", {.required = true}},
                    Field{"prefix", &A::prefix, "Folder inside the container."},
                    Field{"maxConnections",
                          &A::max_connections,
                          "Most connections at once; 0: the engine's own choice.",
                          {.min = 0}}};
}

constexpr auto SwiftBackend::fields() {
  return std::tuple{
      Field{"container", &SwiftBackend::container, "Container; it must exist.", {.required = true}},
      Field{"prefix", &SwiftBackend::prefix, "Folder inside the container."}};
}

constexpr auto RestBackend::fields() {
  return std::tuple{Field{"url", &RestBackend::url, "URL of the REST server."}};
}

constexpr auto Backend::fields() {
  return std::tuple{Field{"storageSecretName", &Backend::storage_secret_name,
                          "Secret with the credentials and RESTIC_PASSWORD, in this namespace."},
                    Field{"local", &Backend::local, "A directory of a volume."},
                    Field{"s3", &Backend::s3, "Amazon S3 or a service that speaks its protocol."},
                    Field{"gcs", &Backend::gcs, "Google Cloud Storage."},
                    Field{"azure", &Backend::azure, "Azure Blob Storage."},
                    Field{"swift", &Backend::swift, "OpenStack Swift."},
                    Field{"b2", &Backend::b2, "Backblaze B2."},
                    Field{"rest", &Backend::rest, "A REST server."}};
}

constexpr auto AllowedNamespaces::fields() {
  return std::tuple{
      Field{"from", &AllowedNamespaces::from, "Same, All or Selector; Same when not given."},
      Field{"selector", &AllowedNamespaces::selector, "LabelSelector for the namespaces, with Selector."}};
}

constexpr auto UsagePolicy::fields() {
  return std::tuple{Field{"allowedNamespaces", &UsagePolicy::allowed_namespaces,
                          "Which namespaces may use this Repository."}};
}

constexpr auto RepositorySpec::fields() {
  return std::tuple{
      Field{"backend", &RepositorySpec::backend, "Where the backed-up data lives."},
      Field{"wipeOut", &RepositorySpec::wipe_out, "Delete the data when this object is deleted."},
      Field{"usagePolicy", &RepositorySpec::usage_policy, "Who may use this Repository."}};
}

constexpr auto TypedRef::fields() {
  return std::tuple{Field{"apiGroup", &TypedRef::api_group, "API group of the object."},
                    Field{"kind", &TypedRef::kind, "Kind of the object."},
                    Field{"namespace", &TypedRef::ns, "Namespace of the object."},
                    Field{"name", &TypedRef::name, "Name of the object.", {.required = true}}};
}

constexpr auto RepositoryStatus::fields() {
  using S = RepositoryStatus;
  return std::tuple{
      Field{"observedGeneration", &S::observed_generation, "Generation that the operator has seen."},
      Field{"firstBackupTime", &S::first_backup_time, "When the first backup succeeded."},
      Field{"lastBackupTime", &S::last_backup_time, "When the last backup succeeded."},
      Field{"integrity", &S::integrity, "Whether the last check found the repository sound."},
      Field{"totalSize", &S::total_size, "Bytes stored, e.g. 2.567 GiB."},
      Field{"snapshotCount", &S::snapshot_count, "Snapshots left after the last retention run."},
      Field{"snapshotsRemovedOnLastCleanup", &S::snapshots_removed_on_last_cleanup,
            "Snapshots removed by it."},
      Field{"references", &S::references, "Objects that use this Repository."}};
}

}  // namespace stash::api
