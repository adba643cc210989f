#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "stash/json/fields.hpp"

namespace stash::json {

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
  else {
    static_assert(std::is_same_v<T, GoDuration> || std::is_same_v<T, TimePoint>,
                  "a struct whose field table is not included");
    return value == T{};
  }
}

inline void write_text(Writer& w, std::string_view text) { w.String(text); }
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
      w.Key(key);
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

}  // namespace stash::json
