#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace stash::executor {

/// A value inside a template: nothing, truth, number, text, list or map.
struct TemplateValue {
  using List = std::vector<TemplateValue>;
  using Map = std::map<std::string, TemplateValue>;
  std::variant<std::monostate, bool, std::int64_t, std::string, List, Map> is;

  TemplateValue() = default;
  TemplateValue(bool v) : is(v) {}
  TemplateValue(std::int64_t v) : is(v) {}
  TemplateValue(std::string v) : is(std::move(v)) {}
  TemplateValue(const char* v) : is(std::string(v)) {}
  TemplateValue(List v) : is(std::move(v)) {}
  TemplateValue(Map v) : is(std::move(v)) {}

  /// Go's truth: false, 0, "", empty lists and maps, and nothing are not.
  bool truthy() const;
  /// As `{{ . }}` prints it; nothing prints as "".
  std::string text() const;
  std::string json() const;
};

/// Renders the part of Go's text/template that hooks use, without blanks at either end of the result:
///
///     {{ .Status.Phase }}   {{- trimmed -}}   {{/* comment */}}   {{ $v := pipeline }}   {{ $v = pipeline }}
///     {{ if pipeline }} .. {{ else if pipeline }} .. {{ else }} .. {{ end }}
///     pipelines a | f x, parentheses, "text", `raw`, numbers, true, false, nil, $ and $v.Field
///     eq ne lt le gt ge and or not len index print printf quote trim upper lower default replace contains
///     hasPrefix hasSuffix join dict list toJson
///
/// A missing field is nothing. Throws Error(Invalid) that names what is not understood. Pure.
std::string render_template(std::string_view text, const TemplateValue& data);

}  // namespace stash::executor
