#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace stash::api {

/// Values for the places of a template, each as JSON text.
using Values = std::vector<std::pair<std::string_view, std::string>>;

/// A template is one object as JSON. `"${name}"` stands for the whole value; `${name}` within a text for a
/// text value. Throws Error(Internal) when a place has no value.
std::string fill(std::string_view json_template, const Values& values);

/// Templates of the access rules, in the order they are printed.
extern const std::vector<std::string_view> kAccessTemplates;

}  // namespace stash::api
