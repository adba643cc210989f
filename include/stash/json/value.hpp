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

/// Deepest nesting of arrays and objects that parse() takes and Writer makes: most of what walks a value
/// recurses.
inline constexpr int kMaxDepth = 128;

/// Writes one JSON text, which is UTF-8 whatever bytes it is given: U+FFFD stands for what is not. Its names
/// are those that RapidJSON calls.
class Writer : public rapidjson::Writer<rapidjson::StringBuffer> {
  using Base = rapidjson::Writer<rapidjson::StringBuffer>;

 public:
  explicit Writer(rapidjson::StringBuffer& to) : Base(to) {}

  bool String(std::string_view text);
  bool String(const char* text, rapidjson::SizeType size, bool = false) {
    return String(std::string_view(text, size));
  }
  bool Key(std::string_view text) { return String(text); }
  bool Key(const char* text, rapidjson::SizeType size, bool = false) {
    return String(std::string_view(text, size));
  }
  /// Both throw Error(Invalid) when they would nest deeper than kMaxDepth.
  bool StartObject();
  bool StartArray();

 private:
  void require_room() const;
};

/// Parses one JSON text (UTF-8 checked, nesting at most kMaxDepth). Throws Error(Invalid) that names `what`
/// and the offset.
Document parse(std::string_view text, std::string_view what);
/// The same for answers of the API server: the author of one object must not keep a whole list from being
/// read. Only what bounds itself, as find() and dump() do, may walk such a value.
Document parse_any_depth(std::string_view text, std::string_view what);

/// False when arrays and objects nest deeper than `levels`; looks no deeper.
bool nests_within(const Value& value, int levels);

/// Compact text of a value. Throws Error(Invalid) when it nests deeper than kMaxDepth.
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

/// The text as a quoted JSON string, with U+FFFD for what is not UTF-8.
std::string quote(std::string_view text);

}  // namespace stash::json
