#pragma once

#include "stash/api/types.hpp"
#include "stash/base/error.hpp"

namespace stash::api {

/// Reads metadata, spec and status of one object by their tables; throws Error(Invalid) with all faults.
template <class Object>
Object parse_object(const json::Value& value, std::string_view kind) {
  Object object;
  object.metadata = ObjectMeta::of(value);
  json::Faults faults;
  const json::Path root{nullptr, ""};
  const json::Path spec{&root, "spec"};
  const json::Path status{&root, "status"};
  if (const json::Value* v = json::find(value, "spec")) json::read(*v, object.spec, spec, {}, faults);
  if (const json::Value* v = json::find(value, "status")) json::read(*v, object.status, status, {}, faults);
  if (!faults.empty())
    throw Error(ErrorKind::Invalid, "{} {}/{}: {}", kind, object.metadata.ns, object.metadata.name, fmt::join(faults, "; "));
  return object;
}

}  // namespace stash::api
