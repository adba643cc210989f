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

}  // namespace stash::api

template <>
inline constexpr auto stash::json::names<stash::api::NamespacesFrom> =
    std::to_array<std::pair<stash::api::NamespacesFrom, std::string_view>>({
        {stash::api::NamespacesFrom::Unset, ""},
        {stash::api::NamespacesFrom::All, "All"},
        {stash::api::NamespacesFrom::Selector, "Selector"},
        {stash::api::NamespacesFrom::Same, "Same"},
    });
