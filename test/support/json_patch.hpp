#pragma once

#include <charconv>
#include <string>
#include <string_view>

#include "stash/base/error.hpp"
#include "support/json_merge.hpp"

namespace stash::test {

/// Takes the first step off a JSON Pointer: "/a~1b/0" gives "a/b" and leaves "/0".
inline std::string take_step(std::string_view& pointer) {
  pointer.remove_prefix(1);
  const auto end = std::min(pointer.find('/'), pointer.size());
  std::string step(pointer.substr(0, end));
  pointer.remove_prefix(end);
  for (const auto& [code, text] : {std::pair{"~1", "/"}, std::pair{"~0", "~"}})
    for (auto at = step.find(code); at != step.npos; at = step.find(code, at + 1)) step.replace(at, 2, text);
  return step;
}

inline rapidjson::SizeType array_index(const json::Value& array, std::string_view step, bool may_be_end) {
  if (step == "-" && may_be_end) return array.Size();
  rapidjson::SizeType index = 0;
  const auto [end, failed] = std::from_chars(step.data(), step.data() + step.size(), index);
  if (failed != std::errc() || end != step.data() + step.size() || index > array.Size() ||
      (index == array.Size() && !may_be_end))
    throw Error(ErrorKind::Invalid, "JSON patch: no element {}", step);
  return index;
}

/// One operation of RFC 6902: add, replace or remove.
inline void patch_at(json::Value& target, std::string_view pointer, std::string_view op,
                     const json::Value* value, JsonAllocator& allocator) {
  const std::string step = take_step(pointer);
  if (target.IsArray()) {
    const auto index = array_index(target, step, op == "add" && pointer.empty());
    if (!pointer.empty()) return patch_at(target[index], pointer, op, value, allocator);
    if (op == "remove") {
      target.Erase(target.Begin() + index);
      return;
    }
    if (op == "replace") {
      target[index].CopyFrom(*value, allocator);
      return;
    }
    target.PushBack(json::Value(), allocator);
    for (auto i = target.Size() - 1; i > index; --i) target[i].Swap(target[i - 1]);
    target[index].CopyFrom(*value, allocator);
    return;
  }
  const bool known = target.IsObject() && json::find(target, step) != nullptr;
  if (!target.IsObject() || (!known && (op != "add" || !pointer.empty())))
    throw Error(ErrorKind::Invalid, "JSON patch: no member {}", step);
  if (!pointer.empty()) return patch_at(member(target, step, allocator), pointer, op, value, allocator);
  if (op == "remove")
    drop_member(target, step);
  else
    member(target, step, allocator).CopyFrom(*value, allocator);
}

/// RFC 6902 without move, copy and test. Throws Error(Invalid) where a place does not exist.
inline void json_patch(json::Value& target, const json::Value& operations, JsonAllocator& allocator) {
  for (const auto& operation : operations.GetArray())
    patch_at(target, json::text(operation, "path"), json::text(operation, "op"),
             json::find(operation, "value"), allocator);
}

}  // namespace stash::test
