#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "stash/base/time.hpp"
#include "stash/json/value.hpp"
#include "stash/kube/client.hpp"

/// Reading an object's `metadata`. Every function takes the whole object; a member that is missing or of a
/// wrong type reads as empty. Views live as long as the document.
namespace stash::kube {

std::string_view name_of(const json::Value& object);
std::string_view namespace_of(const json::Value& object);
std::string_view uid_of(const json::Value& object);
std::string_view resource_version_of(const json::Value& object);
/// 0 when absent.
std::int64_t generation_of(const json::Value& object);
Ref ref_of(const json::Value& object);

/// Value of one label or annotation; "" when it is absent.
std::string_view label_of(const json::Value& object, std::string_view key);
std::string_view annotation_of(const json::Value& object, std::string_view key);

std::optional<TimePoint> creation_time_of(const json::Value& object);
/// True once the object has a deletionTimestamp.
bool is_deleting(const json::Value& object);
bool has_finalizer(const json::Value& object, std::string_view finalizer);
std::vector<std::string> finalizers_of(const json::Value& object);

/// One entry of metadata.ownerReferences.
struct OwnerReference {
  std::string api_version;
  std::string kind;
  std::string name;
  std::string uid;
  bool controller = false;
  bool block_owner_deletion = false;

  OwnerReference() {}
  bool operator==(const OwnerReference&) const = default;
  /// The entry as JSON, as it goes into an ownerReferences array.
  std::string json() const;
};

std::vector<OwnerReference> owners_of(const json::Value& object);
/// The entry with controller: true, if any.
std::optional<OwnerReference> controller_of(const json::Value& object);
bool is_owned_by(const json::Value& object, std::string_view uid);
/// The reference by which a dependant names `owner`: an object of kind `resource` as the API server returned
/// it.
OwnerReference owner_reference(const Resource& resource, const json::Value& owner, bool controller);

/// Label selector text from pairs: "a=b,c=d".
std::string selector_text(const std::vector<std::pair<std::string, std::string>>& labels);
/// Does a LabelSelector (matchLabels, matchExpressions with In, NotIn, Exists, DoesNotExist) choose an object
/// with these labels? `labels` may be null: no labels. An empty selector chooses everything; an operator that
/// is not known chooses nothing.
bool selector_matches(const json::Value& selector, const json::Value* labels);

}  // namespace stash::kube
