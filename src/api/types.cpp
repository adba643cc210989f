#include "stash/api/types.hpp"

#include <algorithm>

#include "stash/kube/meta.hpp"

namespace stash::api {
namespace {

std::map<std::string, std::string> string_map(const json::Value& object, std::string_view member) {
  std::map<std::string, std::string> out;
  const json::Value* found = json::find(object, "metadata", member);
  if (!found || !found->IsObject()) return out;
  for (const auto& item : found->GetObject())
    if (item.value.IsString()) out.emplace(item.name.GetString(), item.value.GetString());
  return out;
}

}  // namespace

ObjectMeta ObjectMeta::of(const json::Value& object) {
  ObjectMeta meta;
  meta.name = kube::name_of(object);
  meta.ns = kube::namespace_of(object);
  meta.uid = kube::uid_of(object);
  meta.resource_version = kube::resource_version_of(object);
  meta.generation = kube::generation_of(object);
  meta.created = kube::creation_time_of(object);
  meta.deleting = kube::is_deleting(object);
  meta.labels = string_map(object, "labels");
  meta.annotations = string_map(object, "annotations");
  meta.finalizers = kube::finalizers_of(object);
  return meta;
}

bool ObjectMeta::has_finalizer(std::string_view finalizer) const {
  return std::find(finalizers.begin(), finalizers.end(), finalizer) != finalizers.end();
}

}  // namespace stash::api
