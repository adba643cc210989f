#pragma once

// One table per struct describes its fields once; parsing and checking (read.hpp), printing (write.hpp) and
// the OpenAPI schema of a CRD (schema.hpp) all come from it. A struct opts in with
//
//   static constexpr auto fields() {
//     return std::tuple{Field{"path", &Target::path, "Absolute path to back up.", {.required = true}}, ...};
//   }
//
// and may add `static constexpr auto rules()`, an array of Cel, for checks between fields that the API server
// makes. Reading passes over unknown keys and takes null as absent, as Kubernetes does; writing leaves out
// what is empty. The templates are heavy: instantiate them once per kind, in src/api/<kind>.cpp.

#include <array>
#include <cstdint>
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

/// Leaves room for what is written around such a value.
inline constexpr int kMaxRawDepth = 100;
/// Any JSON object that nests at most kMaxRawDepth, kept as text; the schema keeps unknown fields below it.
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

}  // namespace stash::json
