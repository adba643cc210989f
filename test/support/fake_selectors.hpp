#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "stash/base/error.hpp"
#include "stash/json/value.hpp"

namespace stash::test {

/// One requirement of a selector text: "a=b", "a==b", "a!=b", "a" or "!a". Set-based ones ("a in (b,c)") are
/// refused, so that no test passes by accident.
inline bool requirement_holds(std::string_view text, auto&& value_of) {
  if (text.find_first_of(" ()") != std::string_view::npos)
    throw Error(ErrorKind::Unsupported, "fake API server: selector \"{}\"", text);
  if (const auto at = text.find("!="); at != std::string_view::npos)
    return value_of(text.substr(0, at)) != text.substr(at + 2);
  if (const auto at = text.find('='); at != std::string_view::npos) {
    const auto value = text.substr(at + (text.substr(at).starts_with("==") ? 2 : 1));
    return value_of(text.substr(0, at)) == value;
  }
  if (text.starts_with("!")) return !value_of(text.substr(1));
  return value_of(text).has_value();
}

inline bool selector_holds(std::string_view selector, auto&& value_of) {
  while (!selector.empty()) {
    const auto end = selector.find(',');
    if (!requirement_holds(selector.substr(0, end), value_of)) return false;
    selector.remove_prefix(end == std::string_view::npos ? selector.size() : end + 1);
  }
  return true;
}

inline std::optional<std::string> text_at(const json::Value* value) {
  if (!value || !value->IsString()) return std::nullopt;
  return std::string(value->GetString(), value->GetStringLength());
}

inline bool labels_hold(const json::Value& object, std::string_view selector) {
  return selector_holds(selector, [&object](std::string_view key) {
    return text_at(json::find(object, "metadata", "labels", key));
  });
}

/// Fields are dotted paths: "metadata.name=x", "spec.nodeName=y".
inline bool fields_hold(const json::Value& object, std::string_view selector) {
  return selector_holds(selector, [&object](std::string_view path) {
    const json::Value* at = &object;
    while (at && !path.empty()) {
      const auto dot = path.find('.');
      at = json::find(*at, path.substr(0, dot));
      path.remove_prefix(dot == std::string_view::npos ? path.size() : dot + 1);
    }
    return text_at(at);
  });
}

}  // namespace stash::test
