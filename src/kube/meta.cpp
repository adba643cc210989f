#include "stash/kube/meta.hpp"

#include <algorithm>

namespace stash::kube {
namespace {

const json::Value* array_at(const json::Value& object, std::string_view outer, std::string_view inner) {
  const json::Value* found = json::find(object, outer, inner);
  return found && found->IsArray() ? found : nullptr;
}

bool holds_text(const json::Value* array, std::string_view wanted) {
  if (!array || !array->IsArray()) return false;
  return std::ranges::any_of(array->GetArray(), [wanted](const json::Value& item) {
    return item.IsString() && std::string_view(item.GetString(), item.GetStringLength()) == wanted;
  });
}

OwnerReference read_owner(const json::Value& entry) {
  OwnerReference owner;
  owner.api_version = json::text(entry, "apiVersion");
  owner.kind = json::text(entry, "kind");
  owner.name = json::text(entry, "name");
  owner.uid = json::text(entry, "uid");
  owner.controller = json::is_true(entry, "controller");
  owner.block_owner_deletion = json::is_true(entry, "blockOwnerDeletion");
  return owner;
}

bool expression_matches(const json::Value& expression, const json::Value* labels) {
  const std::string_view key = json::text(expression, "key");
  const json::Value* label = labels ? json::find(*labels, key) : nullptr;
  const std::string_view value = label && label->IsString() ? json::text(*labels, key) : "";
  const std::string_view op = json::text(expression, "operator");
  const json::Value* values = json::find(expression, "values");
  if (op == "In") return label && holds_text(values, value);
  if (op == "NotIn") return !label || !holds_text(values, value);
  if (op == "Exists") return label != nullptr;
  if (op == "DoesNotExist") return label == nullptr;
  return false;
}

}  // namespace

std::string_view name_of(const json::Value& object) { return json::text(object, "metadata", "name"); }
std::string_view namespace_of(const json::Value& object) {
  return json::text(object, "metadata", "namespace");
}
std::string_view uid_of(const json::Value& object) { return json::text(object, "metadata", "uid"); }

std::string_view resource_version_of(const json::Value& object) {
  return json::text(object, "metadata", "resourceVersion");
}

std::int64_t generation_of(const json::Value& object) {
  return json::integer(object, "metadata", "generation").value_or(0);
}

Ref ref_of(const json::Value& object) {
  return {std::string(namespace_of(object)), std::string(name_of(object))};
}

std::string_view label_of(const json::Value& object, std::string_view key) {
  return json::text(object, "metadata", "labels", key);
}

std::string_view annotation_of(const json::Value& object, std::string_view key) {
  return json::text(object, "metadata", "annotations", key);
}

std::optional<TimePoint> creation_time_of(const json::Value& object) {
  return parse_time(json::text(object, "metadata", "creationTimestamp"));
}

bool is_deleting(const json::Value& object) {
  return !json::text(object, "metadata", "deletionTimestamp").empty();
}

bool has_finalizer(const json::Value& object, std::string_view finalizer) {
  return holds_text(array_at(object, "metadata", "finalizers"), finalizer);
}

std::vector<std::string> finalizers_of(const json::Value& object) {
  std::vector<std::string> out;
  if (const json::Value* all = array_at(object, "metadata", "finalizers"))
    for (const json::Value& item : all->GetArray())
      if (item.IsString()) out.emplace_back(item.GetString(), item.GetStringLength());
  return out;
}

std::string OwnerReference::json() const {
  return fmt::format(
      R"({{"apiVersion":{},"kind":{},"name":{},"uid":{},"controller":{},"blockOwnerDeletion":{}}})",
      json::quote(api_version), json::quote(kind), json::quote(name), json::quote(uid), controller,
      block_owner_deletion);
}

std::vector<OwnerReference> owners_of(const json::Value& object) {
  std::vector<OwnerReference> out;
  if (const json::Value* all = array_at(object, "metadata", "ownerReferences"))
    for (const json::Value& entry : all->GetArray()) out.push_back(read_owner(entry));
  return out;
}

std::optional<OwnerReference> controller_of(const json::Value& object) {
  for (OwnerReference& owner : owners_of(object))
    if (owner.controller) return std::move(owner);
  return std::nullopt;
}

bool is_owned_by(const json::Value& object, std::string_view uid) {
  const json::Value* all = array_at(object, "metadata", "ownerReferences");
  return all && std::ranges::any_of(all->GetArray(), [uid](const json::Value& entry) {
           return json::text(entry, "uid") == uid;
         });
}

OwnerReference owner_reference(const Resource& resource, const json::Value& owner, bool controller) {
  OwnerReference out;
  out.api_version = resource.api_version();
  out.kind = resource.kind;
  out.name = name_of(owner);
  out.uid = uid_of(owner);
  out.controller = controller;
  // Deleting the owner in the foreground waits for a dependant that blocks; ours are never worth waiting for.
  out.block_owner_deletion = false;
  return out;
}

std::string selector_text(const std::vector<std::pair<std::string, std::string>>& labels) {
  std::string out;
  for (const auto& [key, value] : labels) {
    if (!out.empty()) out += ',';
    out += key;
    out += '=';
    out += value;
  }
  return out;
}

bool selector_matches(const json::Value& selector, const json::Value* labels) {
  if (const json::Value* wanted = json::find(selector, "matchLabels"); wanted && wanted->IsObject())
    for (const auto& pair : wanted->GetObject()) {
      const std::string_view key(pair.name.GetString(), pair.name.GetStringLength());
      const json::Value* label = labels ? json::find(*labels, key) : nullptr;
      if (!label || *label != pair.value) return false;
    }
  if (const json::Value* expressions = json::find(selector, "matchExpressions");
      expressions && expressions->IsArray())
    for (const json::Value& expression : expressions->GetArray())
      if (!expression_matches(expression, labels)) return false;
  return true;
}

}  // namespace stash::kube
