#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "stash/json/faults.hpp"
#include "stash/json/fields.hpp"

namespace stash::json {

template <class T>
void read(const Value& v, T& to, const Path& at, const Rule& rule, Faults& faults);

namespace detail {

/// A value as a fault shows it.
inline std::string shown(const Value& v) {
  return v.IsObject() ? "an object" : v.IsArray() ? "an array" : dump(v);
}

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
  fault(faults, at, fmt::format("is {}, want one of {}", shown(v), wanted));
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

inline void read_raw(const Value& v, Raw& to, const Path& at, Faults& faults) {
  if (!v.IsObject()) return fault(faults, at, "want an object");
  if (!nests_within(v, kMaxRawDepth))
    return fault(faults, at, fmt::format("nests deeper than {}", kMaxRawDepth));
  to.text = dump(v);
}

inline void read_text(const Value& v, GoDuration& to, const Path& at, Faults& faults) {
  const auto parsed = v.IsString() ? parse_duration({v.GetString(), v.GetStringLength()}) : std::nullopt;
  if (parsed)
    to.value = *parsed;
  else
    fault(faults, at, fmt::format("{} is not a duration such as 30m or 1h30m", shown(v)));
}

inline void read_text(const Value& v, TimePoint& to, const Path& at, Faults& faults) {
  const auto parsed = v.IsString() ? parse_time({v.GetString(), v.GetStringLength()}) : std::nullopt;
  if (parsed)
    to = *parsed;
  else
    fault(faults, at, fmt::format("{} is not a time such as 2026-01-31T08:00:00Z", shown(v)));
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
    detail::read_raw(v, to, at, faults);
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

}  // namespace stash::json
