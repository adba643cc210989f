#pragma once

#include "stash/api/types.hpp"
#include "stash/kube/client.hpp"

namespace stash::api {

inline constexpr kube::Resource kRepository{"stash.appscode.com", "v1alpha1", "repositories", "Repository"};

/// A directory of a volume that is mounted into the executor.
struct LocalBackend {
  std::string mount_path;
  std::string sub_path;
  Raw host_path;
  Raw nfs;
  Raw persistent_volume_claim;
  Raw empty_dir;
  Raw aws_elastic_block_store;
  Raw gce_persistent_disk;
  Raw azure_disk;
  Raw azure_file;
  Raw storageos;
  Raw csi;
  Raw cephfs;
  Raw cinder;
  Raw config_map;
  Raw downward_api;
  Raw ephemeral;
  Raw fc;
  Raw flex_volume;
  Raw flocker;
  Raw git_repo;
  Raw glusterfs;
  Raw image;
  Raw iscsi;
  Raw photon_persistent_disk;
  Raw portworx_volume;
  Raw projected;
  Raw quobyte;
  Raw rbd;
  Raw scale_io;
  Raw secret;
  Raw vsphere_volume;

  /// The volume source as it goes into a pod: {"hostPath": {...}}; empty when none is given.
  std::string volume_source() const;
  static constexpr auto fields();
};

struct S3Backend {
  std::string endpoint;
  std::string bucket;
  std::string prefix;
  std::string region;
  bool insecure_tls = false;
  static constexpr auto fields();
};

/// gcs and b2.
struct BucketBackend {
  std::string bucket;
  std::string prefix;
  std::int64_t max_connections = 0;
  static constexpr auto fields();
};

struct AzureBackend {
  std::string container;
  std::string prefix;
  std::int64_t max_connections = 0;
  static constexpr auto fields();
};

struct SwiftBackend {
  std::string container;
  std::string prefix;
  static constexpr auto fields();
};

struct RestBackend {
  std::string url;
  static constexpr auto fields();
};

struct Backend {
  std::string storage_secret_name;
  std::optional<LocalBackend> local;
  std::optional<S3Backend> s3;
  std::optional<BucketBackend> gcs;
  std::optional<AzureBackend> azure;
  std::optional<SwiftBackend> swift;
  std::optional<BucketBackend> b2;
  std::optional<RestBackend> rest;

  /// "local", "s3", ... : the first member that is given; "" when none is.
  std::string_view provider() const;
  /// What metrics call the bucket: mount path, bucket, container, or the host of a URL.
  std::string container() const;
  std::string prefix() const;  ///< without slashes at either end
  std::string endpoint() const;
  std::string region() const;
  static constexpr auto fields();
};

enum class NamespacesFrom { Unset, All, Selector, Same };

struct AllowedNamespaces {
  NamespacesFrom from = NamespacesFrom::Unset;
  Raw selector;
  static constexpr auto fields();
};

struct UsagePolicy {
  AllowedNamespaces allowed_namespaces;
  static constexpr auto fields();
};

struct RepositorySpec {
  Backend backend;
  bool wipe_out = false;
  std::optional<UsagePolicy> usage_policy;
  static constexpr auto fields();
  static constexpr auto rules();
};

struct TypedRef {
  std::string api_group;
  std::string kind;
  std::string ns;
  std::string name;
  bool operator==(const TypedRef&) const = default;
  static constexpr auto fields();
};

struct RepositoryStatus {
  std::int64_t observed_generation = 0;
  std::optional<TimePoint> first_backup_time;
  std::optional<TimePoint> last_backup_time;
  std::optional<bool> integrity;
  std::string total_size;
  std::int64_t snapshot_count = 0;
  std::int64_t snapshots_removed_on_last_cleanup = 0;
  std::vector<TypedRef> references;
  static constexpr auto fields();
};

struct Repository {
  ObjectMeta metadata;
  RepositorySpec spec;
  RepositoryStatus status;

  Repository() {}
  /// Throws Error(Invalid) that tells all faults of the object.
  static Repository parse(const json::Value& object);
};

/// The whole object as JSON, with what an author writes of its metadata; an empty status is left out.
std::string to_json(const Repository& object);

/// {"status": {...}} as a merge patch sends it. Empty members are left out, so a patch made of it never
/// clears one.
std::string status_patch(const RepositoryStatus& status);

/// May objects of namespace `user` use this Repository? `labels` are those of the Namespace object, or null.
bool may_use(const Repository& repository, std::string_view user, const json::Value* labels);

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

constexpr auto RepositorySpec::rules() {
  return std::to_array<json::Cel>({
      {"!has(self.wipeOut) || !self.wipeOut || !has(self.backend) || !(has(self.backend.local) || "
       "has(self.backend.b2))",
       "spec.wipeOut cannot be true for the backends local and b2: remove the data by hand instead"},
      {"!has(self.backend) || !has(self.backend.local) || !(self.backend.local.mountPath == '/stash' || "
       "self.backend.local.mountPath.startsWith('/stash/'))",
       "spec.backend.local.mountPath must not be /stash or below it: choose another directory"},
  });
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

template <>
inline constexpr auto stash::json::names<stash::api::NamespacesFrom> =
    std::to_array<std::pair<stash::api::NamespacesFrom, std::string_view>>({
        {stash::api::NamespacesFrom::Unset, ""},
        {stash::api::NamespacesFrom::All, "All"},
        {stash::api::NamespacesFrom::Selector, "Selector"},
        {stash::api::NamespacesFrom::Same, "Same"},
    });
