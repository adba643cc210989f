#pragma once

#include <array>
#include <string_view>

#include "stash/json/value.hpp"

namespace stash::test {

using JsonAllocator = json::Document::AllocatorType;

inline json::Document copy_of(const json::Value& value) {
  json::Document out;
  out.CopyFrom(value, out.GetAllocator());
  return out;
}

inline std::string_view text_of(const json::Value& value) {
  return {value.GetString(), value.GetStringLength()};
}

inline json::Value text_value(std::string_view text, JsonAllocator& allocator) {
  return json::Value(text.data(), static_cast<rapidjson::SizeType>(text.size()), allocator);
}

/// The member `key` of an object, made as null when it is absent.
inline json::Value& member(json::Value& object, std::string_view key, JsonAllocator& allocator) {
  if (!object.IsObject()) object.SetObject();
  for (auto it = object.MemberBegin(); it != object.MemberEnd(); ++it)
    if (text_of(it->name) == key) return it->value;
  json::Value name = text_value(key, allocator);
  object.AddMember(name, json::Value(), allocator);
  return (object.MemberEnd() - 1)->value;
}

inline void drop_member(json::Value& object, std::string_view key) {
  if (!object.IsObject()) return;
  for (auto it = object.MemberBegin(); it != object.MemberEnd(); ++it)
    if (text_of(it->name) == key) {
      object.EraseMember(it);
      return;
    }
}

/// RFC 7396.
inline void merge_patch(json::Value& target, const json::Value& patch, JsonAllocator& allocator) {
  if (!patch.IsObject()) {
    target.CopyFrom(patch, allocator);
    return;
  }
  if (!target.IsObject()) target.SetObject();
  for (const auto& change : patch.GetObject()) {
    if (change.value.IsNull())
      drop_member(target, text_of(change.name));
    else
      merge_patch(member(target, text_of(change.name), allocator), change.value, allocator);
  }
}

/// The key by which the API server tells the entries of some lists apart; "" for lists that are replaced
/// whole.
inline std::string_view merge_key(std::string_view list) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 10> kKeys{
      {{"containers", "name"},
       {"initContainers", "name"},
       {"volumes", "name"},
       {"env", "name"},
       {"volumeMounts", "mountPath"},
       {"ports", "containerPort"},
       {"imagePullSecrets", "name"},
       {"secrets", "name"},
       {"ownerReferences", "uid"},
       {"conditions", "type"}}};
  for (const auto& [name, key] : kKeys)
    if (name == list) return key;
  return "";
}

void strategic_patch(json::Value& target, const json::Value& patch, JsonAllocator& allocator);

inline void strategic_list(json::Value& target, const json::Value& patch, std::string_view key,
                           JsonAllocator& allocator) {
  if (!target.IsArray()) target.SetArray();
  json::Value fresh(rapidjson::kArrayType);
  for (const auto& entry : patch.GetArray()) {
    const json::Value* id = json::find(entry, key);
    json::Value* known = nullptr;
    for (auto& old : target.GetArray())
      if (const json::Value* old_id = json::find(old, key); id && old_id && *old_id == *id) known = &old;
    if (json::text(entry, "$patch") == "delete") {
      if (known) target.Erase(known);
    } else if (known) {
      strategic_patch(*known, entry, allocator);
    } else {
      fresh.PushBack(json::Value(entry, allocator), allocator);
    }
  }
  // The API server puts new entries first.
  for (auto& old : target.GetArray()) fresh.PushBack(old, allocator);
  target = fresh;
}

/// The part of strategic merge that Kubernetes' workloads need: lists of merge_key() are merged by it,
/// "$patch": "delete" removes an entry, "$setElementOrder/..." is passed over, every other list is replaced.
inline void strategic_patch(json::Value& target, const json::Value& patch, JsonAllocator& allocator) {
  if (!patch.IsObject()) {
    target.CopyFrom(patch, allocator);
    return;
  }
  if (!target.IsObject()) target.SetObject();
  for (const auto& change : patch.GetObject()) {
    const std::string_view name = text_of(change.name);
    if (name.starts_with("$")) continue;
    if (change.value.IsNull()) {
      drop_member(target, name);
    } else if (change.value.IsArray() && !merge_key(name).empty()) {
      strategic_list(member(target, name, allocator), change.value, merge_key(name), allocator);
    } else {
      strategic_patch(member(target, name, allocator), change.value, allocator);
    }
  }
}

}  // namespace stash::test
