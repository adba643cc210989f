#pragma once

// One table per struct describes its fields once; parsing, checking, printing and the OpenAPI schema of a CRD
// all come from it. A struct opts in with
//
//   static constexpr auto fields() {
//     return std::tuple{Field{"path", &Target::path, "Absolute path to back up.", {.required = true}}, ...};
//   }
//
// and may add `static constexpr auto rules()`, an array of Cel, for checks between fields that the API server
// makes. Reading passes over unknown keys and takes null as absent, as Kubernetes does; writing leaves out
// what is empty. The templates are heavy: instantiate them once per kind, in src/api/<kind>.cpp.

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "stash/base/time.hpp"
#include "stash/json/value.hpp"

namespace stash::json {

/// What a value must obey; printed in the schema and checked by read().
struct Rule {
  bool required = false;
  std::optional<std::int64_t> min{};
  std::optional<std::int64_t> max{};
  std::optional<std::int64_t> min_length{};
  std::optional<std::int64_t> max_length{};
  std::optional<std::int64_t> max_items{};
  std::optional<std::int64_t> item_max_length{};  ///< of an array of strings: longest item
  const char* pattern = nullptr;                  ///< schema only: the API server checks it
  const char* fallback = nullptr;                 ///< JSON text of the API server's default
};

template <class Owner, class T>
struct Field {
  const char* key;
  T Owner::*member;
  const char* doc;
  Rule rule{};
};
template <class Owner, class T>
Field(const char*, T Owner::*, const char*) -> Field<Owner, T>;
template <class Owner, class T>
Field(const char*, T Owner::*, const char*, Rule) -> Field<Owner, T>;

/// A rule in the Common Expression Language and the sentence shown when it does not hold.
struct Cel {
  const char* rule;
  const char* message;
};

/// Any JSON object, kept as text; the schema keeps unknown fields below it.
struct Raw {
  std::string text;  ///< empty: absent
  bool operator==(const Raw&) const = default;
};
/// An integer or a string ("80", "25%", "1Gi"): kept as JSON text, so that its sort survives.
struct IntOrString {
  std::string text;  ///< `80` or `"http"`; empty: absent
  bool operator==(const IntOrString&) const = default;
  /// `80` and `http`: a text without quotes and escapes.
  std::string str() const {
    if (!text.starts_with('"')) return text;
    const Document value = parse(text, "text");
    return {value.GetString(), value.GetStringLength()};
  }
};
/// A Go duration as text in the document, checked when read.
struct GoDuration {
  Duration value{};
  bool operator==(const GoDuration&) const = default;
};

/// Spelling of an enum's values; specialise for each enum that a table holds. An empty spelling means absent.
template <class E>
constexpr auto names = nullptr;

template <class T>
concept Record = requires { T::fields(); };
template <class T>
concept Enum = std::is_enum_v<T>;

template <template <class...> class Box, class T>
constexpr bool is_a = false;
template <template <class...> class Box, class... T>
constexpr bool is_a<Box, Box<T...>> = true;

template <class T, class Visit>
constexpr void each_field(Visit visit) {
  std::apply([&](const auto&... f) { (visit(f), ...); }, T::fields());
}

/// True when no two fields of a table share a key and every field says what it is for.
template <Record T>
constexpr bool table_is_sound() {
  std::vector<std::string_view> keys;
  bool sound = true;
  each_field<T>([&](const auto& f) {
    for (const std::string_view key : keys) sound = sound && key != f.key;
    keys.emplace_back(f.key);
    sound = sound && std::string_view(f.doc).size() > 3;
  });
  return sound;
}

template <Enum E>
std::string_view spelling(E value) {
  for (const auto& [v, name] : names<E>)
    if (v == value) return name;
  return {};
}

/// Place in the document: a chain of stack frames, spelled out only when there is a fault to tell.
struct Path {
  const Path* parent;
  const char* key;  ///< null for an array element
  std::size_t index = 0;

  std::string str() const {
    if (!parent) return key;
    const std::string before = parent->str();
    if (!key) return fmt::format("{}[{}]", before, index);
    return before.empty() ? key : fmt::format("{}.{}", before, key);
  }
};

/// All that is wrong with a document, in table order: "spec.target.paths[1]: want a string".
using Faults = std::vector<std::string>;
inline void fault(Faults& to, const Path& at, std::string_view why) {
  to.push_back(fmt::format("{}: {}", at.str(), why));
}

template <class T>
void read(const Value& v, T& to, const Path& at, const Rule& rule, Faults& faults);

namespace detail {

template <class T>
void read_list(const Value& v, T& to, const Path& at, const Rule& rule, Faults& faults) {
  if (!v.IsArray()) return fault(faults, at, "want an array");
  if (rule.max_items && v.Size() > *rule.max_items)
    return fault(faults, at, fmt::format("has {} items, at most {} are allowed", v.Size(), *rule.max_items));
  for (const auto& item : v.GetArray()) {
    const Path here{&at, nullptr, to.size()};
    read(item, to.emplace_back(), here, Rule{.max_length = rule.item_max_length}, faults);
  }
}

template <class T>
void read_map(const Value& v, T& to, const Path& at, Faults& faults) {
  if (!v.IsObject()) return fault(faults, at, "want an object");
  for (const auto& member : v.GetObject()) {
    const std::string key(member.name.GetString(), member.name.GetStringLength());
    const Path here{&at, key.c_str()};
    if (!member.value.IsNull()) read(member.value, to[key], here, {}, faults);
  }
}

template <Record T>
void read_record(const Value& v, T& to, const Path& at, Faults& faults) {
  if (!v.IsObject()) return fault(faults, at, "want an object");
  each_field<T>([&](const auto& f) {
    const Path here{&at, f.key};
    if (const Value* member = find(v, f.key))
      read(*member, to.*f.member, here, f.rule, faults);
    else if (f.rule.required)
      fault(faults, here, "is required");
  });
}

template <Enum T>
void read_enum(const Value& v, T& to, const Path& at, Faults& faults) {
  std::string wanted;
  for (const auto& [value, name] : names<T>) {
    if (v.IsString() && name == std::string_view(v.GetString(), v.GetStringLength())) {
      to = value;
      return;
    }
    if (!name.empty()) wanted += (wanted.empty() ? "" : ", ") + std::string(name);
  }
  fault(faults, at, fmt::format("is {}, want one of {}", dump(v), wanted));
}

template <class T>
void read_integer(const Value& v, T& to, const Path& at, const Rule& rule, Faults& faults) {
  if (!v.IsInt64()) return fault(faults, at, "want an integer");
  const std::int64_t value = v.GetInt64();
  if (!std::in_range<T>(value) || (rule.min && value < *rule.min) || (rule.max && value > *rule.max))
    return fault(faults, at, fmt::format("{} is out of range", value));
  to = static_cast<T>(value);
}

inline void read_string(const Value& v, std::string& to, const Path& at, const Rule& rule, Faults& faults) {
  if (!v.IsString()) return fault(faults, at, "want a string");
  const std::string_view text(v.GetString(), v.GetStringLength());
  // Characters are counted as the API server counts them: by code points, so without the bytes that continue
  // one.
  const auto size = std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; });
  if (rule.min_length && size < *rule.min_length) return fault(faults, at, "must not be empty");
  if (rule.max_length && size > *rule.max_length)
    return fault(faults, at, fmt::format("is longer than {} characters", *rule.max_length));
  to.assign(text);
}

inline void read_text(const Value& v, GoDuration& to, const Path& at, Faults& faults) {
  const auto parsed = v.IsString() ? parse_duration({v.GetString(), v.GetStringLength()}) : std::nullopt;
  if (parsed)
    to.value = *parsed;
  else
    fault(faults, at, fmt::format("{} is not a duration such as 30m or 1h30m", dump(v)));
}

inline void read_text(const Value& v, TimePoint& to, const Path& at, Faults& faults) {
  const auto parsed = v.IsString() ? parse_time({v.GetString(), v.GetStringLength()}) : std::nullopt;
  if (parsed)
    to = *parsed;
  else
    fault(faults, at, fmt::format("{} is not a time such as 2026-01-31T08:00:00Z", dump(v)));
}

}  // namespace detail

/// Fills `to` from `v`; what is wrong is added to `faults` and leaves `to` as it was there.
template <class T>
void read(const Value& v, T& to, const Path& at, const Rule& rule, Faults& faults) {
  if constexpr (is_a<std::optional, T>) {
    read(v, to.emplace(), at, rule, faults);
  } else if constexpr (is_a<std::vector, T>) {
    detail::read_list(v, to, at, rule, faults);
  } else if constexpr (is_a<std::map, T>) {
    detail::read_map(v, to, at, faults);
  } else if constexpr (Record<T>) {
    detail::read_record(v, to, at, faults);
  } else if constexpr (Enum<T>) {
    detail::read_enum(v, to, at, faults);
  } else if constexpr (std::is_same_v<T, GoDuration> || std::is_same_v<T, TimePoint>) {
    detail::read_text(v, to, at, faults);
  } else if constexpr (std::is_same_v<T, Raw>) {
    if (v.IsObject())
      to.text = dump(v);
    else
      fault(faults, at, "want an object");
  } else if constexpr (std::is_same_v<T, IntOrString>) {
    if (v.IsInt64() || v.IsString())
      to.text = dump(v);
    else
      fault(faults, at, "want an integer or a string");
  } else if constexpr (std::is_same_v<T, bool>) {
    if (v.IsBool())
      to = v.GetBool();
    else
      fault(faults, at, "want true or false");
  } else if constexpr (std::is_integral_v<T>) {
    detail::read_integer(v, to, at, rule, faults);
  } else {
    detail::read_string(v, to, at, rule, faults);
  }
}

/// Go's omitempty: true for what is not written.
template <class T>
bool is_empty(const T& value) {
  if constexpr (is_a<std::optional, T>)
    return !value.has_value();
  else if constexpr (is_a<std::vector, T> || is_a<std::map, T> || std::is_same_v<T, std::string>)
    return value.empty();
  else if constexpr (std::is_same_v<T, Raw> || std::is_same_v<T, IntOrString>)
    return value.text.empty();
  else if constexpr (Enum<T>)
    return spelling(value).empty();
  else if constexpr (Record<T>) {
    bool empty = true;
    each_field<T>([&](const auto& f) { empty = empty && is_empty(value.*f.member); });
    return empty;
  } else if constexpr (std::is_same_v<T, bool>)
    return !value;
  else if constexpr (std::is_integral_v<T>)
    return value == 0;
  else
    return value == T{};
}

inline void write_text(Writer& w, std::string_view text) {
  w.String(text.data(), static_cast<rapidjson::SizeType>(text.size()));
}
inline void write_raw(Writer& w, const std::string& text) {
  w.RawValue(text.data(), text.size(),
             text.starts_with('{') ? rapidjson::kObjectType : rapidjson::kStringType);
}

template <class T>
void write(Writer& w, const T& from) {
  if constexpr (is_a<std::optional, T>) {
    write(w, *from);
  } else if constexpr (is_a<std::vector, T>) {
    w.StartArray();
    for (const auto& item : from) write(w, item);
    w.EndArray();
  } else if constexpr (is_a<std::map, T>) {
    w.StartObject();
    for (const auto& [key, item] : from) {
      w.Key(key.data(), static_cast<rapidjson::SizeType>(key.size()));
      write(w, item);
    }
    w.EndObject();
  } else if constexpr (Record<T>) {
    w.StartObject();
    each_field<T>([&](const auto& f) {
      if (!f.rule.required && is_empty(from.*f.member)) return;
      w.Key(f.key);
      write(w, from.*f.member);
    });
    w.EndObject();
  } else if constexpr (Enum<T>) {
    write_text(w, spelling(from));
  } else if constexpr (std::is_same_v<T, GoDuration>) {
    write_text(w, format_duration(from.value));
  } else if constexpr (std::is_same_v<T, TimePoint>) {
    write_text(w, format_time(from));
  } else if constexpr (std::is_same_v<T, Raw> || std::is_same_v<T, IntOrString>) {
    if (from.text.empty())
      w.Null();
    else
      write_raw(w, from.text);
  } else if constexpr (std::is_same_v<T, bool>) {
    w.Bool(from);
  } else if constexpr (std::is_integral_v<T>) {
    w.Int64(from);
  } else {
    write_text(w, from);
  }
}

template <class T>
std::string to_text(const T& from) {
  rapidjson::StringBuffer buffer;
  Writer w(buffer);
  write(w, from);
  return {buffer.GetString(), buffer.GetSize()};
}

namespace detail {

inline void key_number(Writer& w, const char* key, const std::optional<std::int64_t>& value) {
  if (!value) return;
  w.Key(key);
  w.Int64(*value);
}

template <class T>
constexpr const char* type_of() {
  if constexpr (is_a<std::vector, T>)
    return "array";
  else if constexpr (is_a<std::map, T> || Record<T> || std::is_same_v<T, Raw>)
    return "object";
  else if constexpr (std::is_same_v<T, bool>)
    return "boolean";
  else if constexpr (std::is_integral_v<T>)
    return "integer";
  else
    return "string";
}

}  // namespace detail

/// Writes the structural schema of T as members of the object that `w` has open.
template <class T>
void schema(Writer& w, const Rule& rule = {}) {
  if constexpr (is_a<std::optional, T>) {
    return schema<typename T::value_type>(w, rule);
  } else if constexpr (std::is_same_v<T, IntOrString>) {
    w.Key("x-kubernetes-int-or-string");
    w.Bool(true);
    return;
  } else {
    w.Key("type");
    w.String(detail::type_of<T>());
  }
  if constexpr (std::is_same_v<T, std::int32_t> || std::is_same_v<T, std::int64_t>) {
    w.Key("format");
    w.String(sizeof(T) == 4 ? "int32" : "int64");
  }
  if constexpr (std::is_same_v<T, TimePoint>) {
    w.Key("format");
    w.String("date-time");
  }
  detail::key_number(w, "minimum", rule.min);
  detail::key_number(w, "maximum", rule.max);
  detail::key_number(w, "minLength", rule.min_length);
  detail::key_number(w, "maxLength", rule.max_length);
  detail::key_number(w, "maxItems", rule.max_items);
  if (rule.pattern) {
    w.Key("pattern");
    w.String(rule.pattern);
  }
  if (rule.fallback) {
    w.Key("default");
    w.RawValue(rule.fallback, std::string_view(rule.fallback).size(), rapidjson::kStringType);
  }
  if constexpr (std::is_same_v<T, Raw>) {
    w.Key("x-kubernetes-preserve-unknown-fields");
    w.Bool(true);
  }
  if constexpr (is_a<std::vector, T>) {
    w.Key("items");
    w.StartObject();
    schema<typename T::value_type>(w, Rule{.max_length = rule.item_max_length});
    w.EndObject();
  }
  if constexpr (is_a<std::map, T>) {
    w.Key("additionalProperties");
    w.StartObject();
    schema<typename T::mapped_type>(w);
    w.EndObject();
  }
  if constexpr (Enum<T>) {
    w.Key("enum");
    w.StartArray();
    for (const auto& [value, name] : names<T>)
      if (!name.empty()) write_text(w, name);
    w.EndArray();
  }
  if constexpr (Record<T>) {
    static_assert(table_is_sound<T>(), "a field table has a key twice or a field without a description");
    std::vector<std::string> required;
    w.Key("properties");
    w.StartObject();
    each_field<T>([&]<class O, class M>(const Field<O, M>& f) {
      w.Key(f.key);
      w.StartObject();
      w.Key("description");
      w.String(f.doc);
      schema<M>(w, f.rule);
      w.EndObject();
      if (f.rule.required) required.emplace_back(f.key);
    });
    w.EndObject();
    if (!required.empty()) {
      w.Key("required");
      write(w, required);
    }
    if constexpr (requires { T::rules(); }) {
      w.Key("x-kubernetes-validations");
      w.StartArray();
      for (const Cel& cel : T::rules()) {
        w.StartObject();
        w.Key("rule");
        w.String(cel.rule);
        w.Key("message");
        w.String(cel.message);
        w.EndObject();
      }
      w.EndArray();
    }
  }
}

}  // namespace stash::json
