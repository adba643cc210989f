#include "stash/json/value.hpp"

#include <rapidjson/error/en.h>

#include "stash/base/error.hpp"
#include "stash/base/text.hpp"

namespace stash::json {
namespace {

/// Deepest nesting of arrays and objects.
int depth_of(std::string_view text) {
  int depth = 0;
  int deepest = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\')
        ++i;
      else if (c == '"')
        in_string = false;
    } else if (c == '"') {
      in_string = true;
    } else if (c == '{' || c == '[') {
      deepest = std::max(deepest, ++depth);
    } else if (c == '}' || c == ']') {
      --depth;
    }
  }
  return deepest;
}

}  // namespace

bool Writer::String(std::string_view text) {
  const std::string clean = to_utf8(text);
  return Base::String(clean.data(), static_cast<rapidjson::SizeType>(clean.size()));
}

bool Writer::StartObject() {
  require_room();
  return Base::StartObject();
}

bool Writer::StartArray() {
  require_room();
  return Base::StartArray();
}

void Writer::require_room() const {
  if (level_stack_.GetSize() / sizeof(Level) >= kMaxDepth)
    throw Error(ErrorKind::Invalid, "JSON nests deeper than {}", kMaxDepth);
}

Document parse(std::string_view text, std::string_view what) {
  if (depth_of(text) > kMaxDepth)
    throw Error(ErrorKind::Invalid, "{}: JSON nests deeper than {}", what, kMaxDepth);
  return parse_any_depth(text, what);
}

// Parsing is iterative, and a document gives back its memory without walking itself: neither depends on the
// depth.
Document parse_any_depth(std::string_view text, std::string_view what) {
  // The parser takes a NUL for the end, whatever follows it.
  if (const auto nul = text.find('\0'); nul != text.npos)
    throw Error(ErrorKind::Invalid, "{}: bad JSON at byte {}: NUL", what, nul);
  Document document;
  document.Parse<rapidjson::kParseIterativeFlag | rapidjson::kParseValidateEncodingFlag>(text.data(),
                                                                                         text.size());
  if (document.HasParseError())
    throw Error(ErrorKind::Invalid, "{}: bad JSON at byte {}: {}", what, document.GetErrorOffset(),
                rapidjson::GetParseError_En(document.GetParseError()));
  return document;
}

bool nests_within(const Value& value, int levels) {
  if (!value.IsArray() && !value.IsObject()) return true;
  if (levels == 0) return false;
  if (value.IsArray()) {
    for (const Value& item : value.GetArray())
      if (!nests_within(item, levels - 1)) return false;
  } else {
    for (const auto& member : value.GetObject())
      if (!nests_within(member.value, levels - 1)) return false;
  }
  return true;
}

std::string dump(const Value& value) {
  rapidjson::StringBuffer buffer;
  Writer writer(buffer);
  value.Accept(writer);
  return {buffer.GetString(), buffer.GetSize()};
}

const Value* find(const Value& from, std::string_view key) {
  if (!from.IsObject()) return nullptr;
  const Value name(rapidjson::StringRef(key.data(), static_cast<rapidjson::SizeType>(key.size())));
  const auto it = from.FindMember(name);
  return it == from.MemberEnd() || it->value.IsNull() ? nullptr : &it->value;
}

std::string quote(std::string_view text) {
  rapidjson::StringBuffer buffer;
  Writer writer(buffer);
  writer.String(text);
  return {buffer.GetString(), buffer.GetSize()};
}

}  // namespace stash::json
