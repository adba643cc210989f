#pragma once

#include "stash/api/types.hpp"
#include "stash/base/error.hpp"
#include "stash/json/read.hpp"
#include "stash/json/write.hpp"
#include "stash/kube/client.hpp"

namespace stash::api {

/// Reads metadata, spec and status of one object by their tables, as far as they can be read.
template <class Object>
Object read_object(const json::Value& value, json::Faults& faults) {
  Object object;
  object.metadata = ObjectMeta::of(value);
  const json::Path root{nullptr, ""};
  const json::Path spec{&root, "spec"};
  const json::Path status{&root, "status"};
  if (const json::Value* v = json::find(value, "spec")) json::read(*v, object.spec, spec, {}, faults);
  if (const json::Value* v = json::find(value, "status")) json::read(*v, object.status, status, {}, faults);
  return object;
}

/// The same; throws Error(Invalid) with all faults.
template <class Object>
Object parse_object(const json::Value& value, std::string_view kind) {
  json::Faults faults;
  Object object = read_object<Object>(value, faults);
  if (!faults.empty())
    throw Error(ErrorKind::Invalid, "{} {}/{}: {}", kind, object.metadata.ns, object.metadata.name,
                fmt::join(faults, "; "));
  return object;
}

/// What an author of the object writes: name, namespace, labels, annotations, finalizers, owners.
void write_metadata(json::Writer& w, const ObjectMeta& meta);

/// The whole object; an empty status is left out.
template <class Object>
std::string object_text(const kube::Resource& resource, const Object& object) {
  rapidjson::StringBuffer buffer;
  json::Writer w(buffer);
  w.StartObject();
  w.Key("apiVersion");
  json::write_text(w, resource.api_version());
  w.Key("kind");
  json::write_text(w, resource.kind);
  w.Key("metadata");
  write_metadata(w, object.metadata);
  w.Key("spec");
  json::write(w, object.spec);
  if (!json::is_empty(object.status)) {
    w.Key("status");
    json::write(w, object.status);
  }
  w.EndObject();
  return {buffer.GetString(), buffer.GetSize()};
}

/// The part of an invoker that a workload's annotation keeps.
template <class Object>
std::string applied_text(const Object& object) {
  return fmt::format(R"({{"metadata":{{"name":{},"namespace":{}}},"spec":{}}})",
                     json::quote(object.metadata.name), json::quote(object.metadata.ns),
                     json::to_text(object.spec));
}

}  // namespace stash::api
