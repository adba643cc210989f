#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "stash/json/write.hpp"

namespace stash::json {

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
