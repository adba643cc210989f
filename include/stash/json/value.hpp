#pragma once

// The one door to RapidJSON: include this, never <rapidjson/...>. A wrong type or a missing member throws
// instead of being undefined behaviour.

#include <stdexcept>

#define RAPIDJSON_ASSERT(x)                        \
  do {                                             \
    if (!(x)) throw std::logic_error("json: " #x); \
  } while (false)
#define RAPIDJSON_NOEXCEPT_ASSERT(x) static_cast<void>(x)

#include <rapidjson/document.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace stash::json {

using Value = rapidjson::Value;
using Document = rapidjson::Document;
using Writer = rapidjson::Writer<rapidjson::StringBuffer>;

/// Parses one JSON text (UTF-8 checked, nesting at most 128). Throws Error(Invalid) that names `what` and the
/// offset.
Document parse(std::string_view text, std::string_view what);

/// Compact text of a value.
std::string dump(const Value& value);

/// Walks members by name: find(v, "metadata", "name"). Null when a step is missing, not an object, or the end
/// is null.
const Value* find(const Value& from, std::string_view key);
template <class... Keys>
const Value* find(const Value& from, std::string_view key, Keys... rest) {
  const Value* next = find(from, key);
  return next ? find(*next, rest...) : nullptr;
}

/// Text at a place, or "" when missing or not a string. The view lives as long as the document.
template <class... Keys>
std::string_view text(const Value& from, Keys... keys) {
  const Value* v = find(from, std::string_view(keys)...);
  return v && v->IsString() ? std::string_view(v->GetString(), v->GetStringLength()) : std::string_view();
}

/// Integer at a place, or nothing when missing or not an integer.
template <class... Keys>
std::optional<std::int64_t> integer(const Value& from, Keys... keys) {
  const Value* v = find(from, std::string_view(keys)...);
  return v && v->IsInt64() ? std::optional(v->GetInt64()) : std::nullopt;
}

/// True only when the place holds `true`.
template <class... Keys>
bool is_true(const Value& from, Keys... keys) {
  const Value* v = find(from, std::string_view(keys)...);
  return v && v->IsTrue();
}

/// The text as a quoted JSON string.
std::string quote(std::string_view text);

}  // namespace stash::json
