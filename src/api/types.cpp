#include "stash/api/types.hpp"

#include <algorithm>

#include "api/object.hpp"
#include "stash/json/write.hpp"
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

void write_text_map(json::Writer& w, const char* key, const std::map<std::string, std::string>& values) {
  if (values.empty()) return;
  w.Key(key);
  json::write(w, values);
}

}  // namespace

void write_metadata(json::Writer& w, const ObjectMeta& meta) {
  w.StartObject();
  w.Key("name");
  json::write_text(w, meta.name);
  w.Key("namespace");
  json::write_text(w, meta.ns);
  write_text_map(w, "labels", meta.labels);
  write_text_map(w, "annotations", meta.annotations);
  if (!meta.finalizers.empty()) {
    w.Key("finalizers");
    json::write(w, meta.finalizers);
  }
  if (!meta.owners.empty()) {
    w.Key("ownerReferences");
    w.StartArray();
    for (const std::string& owner : meta.owners) json::write_raw(w, owner);
    w.EndArray();
  }
  w.EndObject();
}

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
  for (const kube::OwnerReference& owner : kube::owners_of(object)) meta.owners.push_back(owner.json());
  return meta;
}

bool ObjectMeta::has_finalizer(std::string_view finalizer) const {
  return std::find(finalizers.begin(), finalizers.end(), finalizer) != finalizers.end();
}

}  // namespace stash::api
